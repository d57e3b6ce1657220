using FlashKV.SimBackend.Driver;

namespace FlashKV.SimBackend.Sharing;

/// <summary>Adds one adapter to the device tree: its SCSI host, its devices, its own node.</summary>
internal static class HostTree
{
    private const int GenericMajor = 21;
    private const int HostNodeMajor = 240;
    private const string Devices = "/sys/devices/flashkv";

    private static readonly string[] s_hostAttributes =
    [
        "port0", "port1", "port2", "port3", "port0_lun_table", "port1_lun_table",
        "port2_lun_table", "port3_lun_table", "lun_mode", "ioctl_version", "irqpoll_weight",
        "num_hwqs", "hwq_mode",
    ];

    internal static void Add(DeviceTree tree, SimulatedAdapter adapter, int number)
    {
        string host = $"{Devices}/adapter{number}/host{number}";
        AddHost(tree, adapter, host, number);
        AddHostNode(tree, number);
        foreach (ScsiDevice device in adapter.Driver.Devices)
        {
            AddDevice(tree, device, host, number);
        }
    }

    private static void AddHost(
        DeviceTree tree, SimulatedAdapter adapter, string host, int number)
    {
        AddUevent(tree, host, "scsi", "DEVTYPE=scsi_host");
        string attributes = $"{host}/scsi_host/host{number}";
        tree.AddLink($"/sys/class/scsi_host/host{number}", attributes);
        tree.AddLink($"/sys/bus/scsi/devices/host{number}", host);
        AddUevent(tree, attributes, "class/scsi_host");
        tree.AddLink($"{attributes}/device", host);
        foreach (string name in s_hostAttributes)
        {
            tree.Add(
                $"{attributes}/{name}", () => DeviceNode.Attribute(adapter.Driver, name));
        }

        tree.AddText($"{attributes}/proc_name", () => "cxlflash");
        tree.AddText($"{attributes}/unique_id", () => $"{number}");
    }

    private static void AddHostNode(DeviceTree tree, int number)
    {
        string node = $"/dev/cxlflash/cxlflash{number}";
        string attributes = $"{Devices}/adapter{number}/cxlflash/cxlflash{number}";
        tree.AddDevice(node, HostNodeMajor, number);
        tree.AddText($"{attributes}/dev", () => $"{HostNodeMajor}:{number}");
        AddUevent(
            tree,
            attributes,
            "class/cxlflash",
            $"MAJOR={HostNodeMajor}\nMINOR={number}\nDEVNAME=cxlflash/cxlflash{number}");
        tree.AddLink($"/sys/class/cxlflash/cxlflash{number}", attributes);
        tree.AddLine(() => $"name=cxlflash{number} kind=2 path={node} adapter={number} "
            + $"host={number} major={HostNodeMajor} minor={number} syspath={attributes}");
    }

    private static void AddDevice(
        DeviceTree tree, ScsiDevice device, string host, int adapter)
    {
        string name = device.Path[(device.Path.LastIndexOf('/') + 1)..];
        int minor = int.Parse(
            name.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture);
        int channel = device.Channel;
        int lun = device.Target.Index;
        string address = $"{adapter}:{channel}:0:{lun}";
        string target = $"{host}/target{adapter}:{channel}:0";
        string path = $"{target}/{address}";
        string generic = $"{path}/scsi_generic/{name}";

        AddUevent(tree, target, "bus/scsi", "DEVTYPE=scsi_target", isOnce: true);
        AddUevent(tree, path, "bus/scsi", "DEVTYPE=scsi_device\nMODALIAS=scsi:t-0x00");
        tree.AddText($"{path}/mode", () => device.Lun is null ? "legacy" : "superpipe");
        tree.AddText($"{path}/type", () => "0");
        tree.AddText($"{path}/scsi_level", () => "6");
        tree.AddText($"{path}/state", () => "running");
        tree.AddText($"{path}/vendor", () => InquiryData.Vendor);
        tree.AddText($"{path}/model", () => InquiryData.Model);
        tree.AddText($"{path}/rev", () => InquiryData.Revision);
        tree.AddText($"{path}/wwid", () => "naa." + InquiryData.WwidText(device));
        tree.AddBytes($"{path}/inquiry", () => InquiryData.Standard());
        tree.AddBytes($"{path}/vpd_pg80", () => InquiryData.SerialNumberPage(device));
        tree.AddBytes($"{path}/vpd_pg83", () => InquiryData.IdentificationPage(device));

        AddUevent(
            tree,
            generic,
            "class/scsi_generic",
            $"MAJOR={GenericMajor}\nMINOR={minor}\nDEVNAME={name}");
        tree.AddText($"{generic}/dev", () => $"{GenericMajor}:{minor}");
        tree.AddLink($"{generic}/device", path);
        tree.AddLink($"{path}/generic", generic);
        tree.AddDevice(device.Path, GenericMajor, minor);
        tree.AddLink($"/sys/class/scsi_generic/{name}", generic);
        tree.AddLink($"/sys/class/scsi_device/{address}", path);
        tree.AddLink($"/sys/bus/scsi/devices/{address}", path);
        tree.AddLink($"/sys/dev/char/{GenericMajor}:{minor}", generic);
        tree.AddLine(() => $"name={name} kind=1 path={device.Path} adapter={adapter} "
            + $"host={adapter} channel={channel} target=0 lun={lun} "
            + $"wwid={InquiryData.WwidText(device)} "
            + $"mode={(device.Lun is null ? "legacy" : "superpipe")} "
            + $"vendor={InquiryData.Vendor} model={InquiryData.Model} rev={InquiryData.Revision} "
            + $"block={device.Target.BlockLength} last={device.Target.LastLba} "
            + $"major={GenericMajor} minor={minor} syspath={generic}");
    }

    private static void AddUevent(
        DeviceTree tree, string path, string subsystem, string text = "", bool isOnce = false)
    {
        if (isOnce && tree.TryLookUp($"{path}/uevent", out _))
        {
            return;
        }

        string place = subsystem.Contains('/', StringComparison.Ordinal)
            ? subsystem : $"bus/{subsystem}";
        tree.AddText($"{path}/uevent", () => text);
        tree.AddLink($"{path}/subsystem", $"/sys/{place}");
    }
}
