namespace FlashKV.Clones;

/// <summary>Where a store is: what of a view does not depend on the cut.</summary>
/// <param name="Directory">Its directory.</param>
/// <param name="DriverAddress">Where its driver is served; empty for another device.</param>
/// <param name="DevicePath">The path of its device there.</param>
internal sealed record StorePlace(string Directory, string DriverAddress, string DevicePath);
