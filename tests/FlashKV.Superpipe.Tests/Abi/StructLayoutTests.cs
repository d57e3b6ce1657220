using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Abi;

/// <summary>
/// The table of all ABI structures. Offsets and sizes are measured in the running program, not read
/// from attributes.
/// </summary>
public class StructLayoutTests
{
    private const string Dk = "Hdr 0 24, ";

    public static TheoryData<string, int, string> Table => new()
    {
        { "DkCxlflashHdr", 24, "Version 0 2, Rsvd 2 6, Flags 8 8, ReturnFlags 16 8" },
        {
            "DkCxlflashAttach", 144,
            Dk + "NumInterrupts 24 8, ContextId 32 8, MmioSize 40 8, BlockSize 48 8, AdapFd 56 8, "
            + "LastLba 64 8, MaxXfer 72 8, Reserved 80 64"
        },
        {
            "DkCxlflashUdirect", 112,
            Dk + "ContextId 24 8, RsrcHandle 32 8, LastLba 40 8, Reserved 48 64"
        },
        {
            "DkCxlflashUvirtual", 120,
            Dk + "ContextId 24 8, LunSize 32 8, RsrcHandle 40 8, LastLba 48 8, Reserved 56 64"
        },
        {
            "DkCxlflashResize", 120,
            Dk + "ContextId 24 8, RsrcHandle 32 8, ReqSize 40 8, LastLba 48 8, Reserved 56 64"
        },
        { "DkCxlflashRelease", 104, Dk + "ContextId 24 8, RsrcHandle 32 8, Reserved 40 64" },
        { "DkCxlflashDetach", 96, Dk + "ContextId 24 8, Reserved 32 64" },
        {
            "DkCxlflashVerify", 144,
            Dk + "ContextId 24 8, RsrcHandle 32 8, Hint 40 8, LastLba 48 8, SenseData 56 18, "
            + "Pad 74 6, Reserved 80 64"
        },
        {
            "DkCxlflashRecoverAfu", 120,
            Dk + "Reason 24 8, ContextId 32 8, MmioSize 40 8, AdapFd 48 8, Reserved 56 64"
        },
        { "DkCxlflashManageLun", 104, Dk + "Wwid 24 16, Reserved 40 64" },
        {
            "DkCxlflashClone", 112,
            Dk + "ContextIdSrc 24 8, ContextIdDst 32 8, AdapFdSrc 40 8, Reserved 48 64"
        },
        { "HtCxlflashHdr", 24, "Version 0 2, Subcmd 2 2, Rsvd 4 4, Flags 8 8, ReturnFlags 16 8" },
        {
            "HtCxlflashLunProvision", 160,
            Dk + "Port 24 2, Reserved16 26 6, Size 32 8, LunId 40 8, Wwid 48 16, "
            + "MaxNumLuns 64 8, CurNumLuns 72 8, MaxCapPort 80 8, CurCapPort 88 8, Reserved 96 64"
        },
        {
            "HtCxlflashAfuDebug", 120,
            Dk + "Reserved8 24 4, AfuSubcmd 28 12, DataEa 40 8, DataLen 48 4, Reserved32 52 4, "
            + "Reserved 56 64"
        },
        { "CxlEventHeader", 8, "Type 0 2, Size 2 2, ProcessElement 4 2, Reserved 6 2" },
        { "CxlEventAfuInterrupt", 16, "Header 0 8, Flags 8 2, Irq 10 2, Reserved 12 4" },
        {
            "CxlEventDataStorage", 40,
            "Header 0 8, Flags 8 2, Reserved1 10 2, Reserved2 12 4, Addr 16 8, Dsisr 24 8, "
            + "Reserved3 32 8"
        },
        {
            "CxlEventAfuError", 24,
            "Header 0 8, Flags 8 2, Reserved1 10 2, Reserved2 12 4, Error 16 8"
        },
        {
            "SislIoarcb", 64,
            "CtxId 0 2, ReqFlags 2 2, ResHndl 4 4, LunId 8 8, DataLen 16 4, IoadlLen 20 4, "
            + "DataEa 24 8, Msi 32 1, Rrq 33 1, Timeout 34 2, Rsvd 36 4, Cdb 40 16, Ioasa 56 8"
        },
        {
            "SislIoasa", 64,
            "Flags 0 1, AfuRc 1 1, ScsiRc 2 1, FcRc 3 1, Resid 4 4, Port 8 1, AfuExtra 9 1, "
            + "ScsiExtra 10 1, FcExtra 11 1, SenseData 12 20, HostUse 32 32"
        },
        {
            "SislIoasaProvision", 64,
            "Flags 0 1, AfuRc 1 1, ScsiRc 2 1, FcRc 3 1, LunIdHi 4 4, Port 8 1, AfuExtra 9 1, "
            + "ScsiExtra 10 1, FcExtra 11 1, LunIdLo 12 4, Wwid 16 16, HostUse 32 32"
        },
        { "SislRhtEntry", 16, "LxtStart 0 8, LxtCnt 8 4, Rsvd 12 2, Fp 14 1, Nmask 15 1" },
        { "SislRhtEntryF1", 16, "LunId 0 8, Valid 8 1, Rsvd 9 5, Fp 14 1, PortSel 15 1" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Structure_has_the_size_and_offsets_of_the_header(
        string name, int size, string fields)
    {
        Type type = AbiType(name);
        Assert.Equal(size, SizeOf(type));
        Assert.Equal(size, type.GetField("SizeInBytes", Statics)!.GetRawConstantValue());
        Assert.Equal(fields, string.Join(", ", Measure(type)));
    }

    [Theory]
    [MemberData(nameof(Table))]
    public void Fields_neither_overlap_nor_leave_gaps(string name, int size, string fields)
    {
        int end = 0;
        foreach (string field in fields.Split(", "))
        {
            string[] parts = field.Split(' ');
            Assert.Equal(end, int.Parse(parts[1]));
            end += int.Parse(parts[2]);
        }

        Assert.Equal(size, end);
        Assert.NotNull(AbiType(name));
    }

    [Fact]
    public void The_table_names_every_structure_of_the_abi_folder()
    {
        IEnumerable<string> structures = typeof(SislIoarcb).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(SislIoarcb).Namespace
                && type is { IsValueType: true, IsEnum: false, IsExplicitLayout: true })
            .Select(type => type.Name);

        Assert.Equal(Table.Select(row => row.Data.Item1).Order(), structures.Order());
    }

    private const BindingFlags Statics = BindingFlags.Static | BindingFlags.NonPublic;

    private const BindingFlags Instances = BindingFlags.Instance | BindingFlags.NonPublic;

    private static Type AbiType(string name) =>
        typeof(SislIoarcb).Assembly.GetType($"FlashKV.Superpipe.Abi.{name}", throwOnError: true)!;

    private static IEnumerable<string> Measure(Type type) =>
        from field in type.GetFields(Instances)
        let offset = OffsetOf(type, field)
        orderby offset
        select $"{field.Name} {offset} {SizeOf(field.FieldType)}";

    private static int SizeOf(Type type) => (int)typeof(Unsafe)
        .GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    // The address of the field less the address of the structure, as the compiled code sees them.
    private static int OffsetOf(Type type, FieldInfo field)
    {
        DynamicMethod method = new("Offset", typeof(int), [], type, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        LocalBuilder local = code.DeclareLocal(type);
        code.Emit(OpCodes.Ldloca, local);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Ldloca, local);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I4);
        code.Emit(OpCodes.Ret);
        return (int)method.Invoke(null, null)!;
    }
}
