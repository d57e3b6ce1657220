#!/usr/bin/env bash
# Writes src/*/PublicAPI.Unshipped.txt anew from what the compiler finds, so that a change of the
# public surface is reviewed as a diff of these files. Run from the root after changing the surface.
set -eu
for project in "${@:-FlashKV.Superpipe FlashKV.SimBackend FlashKV}"; do
  for name in $project; do
    file=src/$name/PublicAPI.Unshipped.txt
    printf '#nullable enable\n' > "$file"
    dotnet build "src/$name" -c Release --no-incremental -p:BuildProjectReferences=true 2>&1 |
      grep -oP "error RS0016: Symbol '\K.*(?=' is not part of the declared public API)" |
      sort -u > "$file.tmp" || true
    LC_ALL=C sort -u "$file.tmp" >> "$file"
    rm "$file.tmp"
    echo "$name: $(($(wc -l < "$file") - 1)) public symbols"
  done
done
