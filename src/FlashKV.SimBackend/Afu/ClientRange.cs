namespace FlashKV.SimBackend.Afu;

/// <summary>A piece of memory of a client and the copy of it here.</summary>
/// <param name="Address">The client's address.</param>
/// <param name="Local">The address of the copy.</param>
/// <param name="ByteCount">The length of both.</param>
internal readonly record struct ClientRange(ulong Address, nint Local, int ByteCount);
