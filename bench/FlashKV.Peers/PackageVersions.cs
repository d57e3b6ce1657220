using System.Reflection;

namespace FlashKV.Peers;

/// <summary>The versions of packages, which their assemblies' own numbers need not be.</summary>
internal static class PackageVersions
{
    /// <summary>The informational version of the assembly of a type, without its build.</summary>
    public static string Of(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+')[0]
        ?? type.Assembly.GetName().Version!.ToString();
}
