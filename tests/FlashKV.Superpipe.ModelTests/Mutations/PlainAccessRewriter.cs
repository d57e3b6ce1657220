using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using static Microsoft.CodeAnalysis.CSharp.SyntaxFactory;

namespace FlashKV.Superpipe.Mutations;

/// <summary>
/// Makes each plain read and write of memory that threads share a point of the schedule, too: a
/// field of the types named here, and what a reference points to. What is handed on as a reference
/// is an access of <see cref="Volatile"/> or <see cref="Interlocked"/> and a point already.
/// </summary>
internal sealed class PlainAccessRewriter(SemanticModel model) : CSharpSyntaxRewriter
{
    private const string Plain = "global::FlashKV.Superpipe.Plain";

    private static readonly HashSet<string> s_sharedTypes =
    [
        "AsyncTransfers", "CommandBatch", "CommandQueue", "CommandState", "ContextGate",
        "FreeBlocks", "ResponseQueue", "RoomCredit", "Shard", "Stripe", "SubmissionQueue", "Words",
    ];

    public override SyntaxNode? VisitIdentifierName(IdentifierNameSyntax node) =>
        TypeOfShared(node) is null || IsName(node) ? node : Access(node);

    public override SyntaxNode? VisitMemberAccessExpression(MemberAccessExpressionSyntax node)
    {
        ExpressionSyntax target = VisitTarget(node);
        return TypeOfShared(node) is null ? target : Access(target);
    }

    public override SyntaxNode? VisitArgument(ArgumentSyntax node) =>
        node.RefKindKeyword.IsKind(SyntaxKind.None)
            ? base.VisitArgument(node)
            : node.WithExpression(VisitTarget(node.Expression));

    public override SyntaxNode? VisitRefExpression(RefExpressionSyntax node) =>
        node.WithExpression(VisitTarget(node.Expression));

    public override SyntaxNode? VisitPrefixUnaryExpression(PrefixUnaryExpressionSyntax node) =>
        node.IsKind(SyntaxKind.AddressOfExpression)
            ? node.WithOperand(VisitTarget(node.Operand))
            : base.VisitPrefixUnaryExpression(node);

    public override SyntaxNode? VisitPostfixUnaryExpression(PostfixUnaryExpressionSyntax node)
    {
        if (node.Parent is not ExpressionStatementSyntax
            || TypeOfShared(node.Operand) is not { } type)
            return base.VisitPostfixUnaryExpression(node);

        SyntaxKind kind = node.IsKind(SyntaxKind.PostIncrementExpression)
            ? SyntaxKind.AddExpression
            : SyntaxKind.SubtractExpression;
        return Store(node.Operand, type, Combine(
            kind,
            node.Operand,
            LiteralExpression(SyntaxKind.NumericLiteralExpression, Literal(1)),
            type));
    }

    public override SyntaxNode? VisitAssignmentExpression(AssignmentExpressionSyntax node)
    {
        ITypeSymbol? type = TypeOfShared(node.Left);
        if (type is null || node.Parent is InitializerExpressionSyntax)
            return node.WithLeft(VisitTarget(node.Left))
                .WithRight((ExpressionSyntax)Visit(node.Right)!);

        ExpressionSyntax value = (ExpressionSyntax)Visit(node.Right)!;
        SyntaxKind? operation = node.Kind() switch
        {
            SyntaxKind.SimpleAssignmentExpression => null,
            SyntaxKind.AddAssignmentExpression => SyntaxKind.AddExpression,
            SyntaxKind.SubtractAssignmentExpression => SyntaxKind.SubtractExpression,
            SyntaxKind.OrAssignmentExpression => SyntaxKind.BitwiseOrExpression,
            SyntaxKind.AndAssignmentExpression => SyntaxKind.BitwiseAndExpression,
            SyntaxKind.ExclusiveOrAssignmentExpression => SyntaxKind.ExclusiveOrExpression,
            _ => throw new InvalidOperationException($"'{node}' is not known here."),
        };
        return Store(
            node.Left,
            type,
            operation is { } kind
                ? Combine(kind, node.Left, ParenthesizedExpression(value), type)
                : value);
    }

    public override SyntaxNode? VisitLockStatement(LockStatementSyntax node)
    {
        ExpressionSyntax target = node.Expression.WithoutTrivia();
        return Block(
            ParseStatement($"{Plain}.Enter({target});"),
            TryStatement(
                Block((StatementSyntax)Visit(node.Statement)!),
                default,
                FinallyClause(Block(ParseStatement($"{Plain}.Exit({target});")))));
    }

    // What is written or handed on by reference: its parts are read, it is not.
    private ExpressionSyntax VisitTarget(ExpressionSyntax node) => node switch
    {
        IdentifierNameSyntax => node,
        MemberAccessExpressionSyntax access =>
            access.WithExpression(IsStruct(access.Expression)
                ? VisitTarget(access.Expression)
                : (ExpressionSyntax)Visit(access.Expression)!),
        ElementAccessExpressionSyntax element => element
            .WithExpression(VisitTarget(element.Expression))
            .WithArgumentList((BracketedArgumentListSyntax)Visit(element.ArgumentList)!),
        _ => (ExpressionSyntax)Visit(node)!,
    };

    private bool IsStruct(ExpressionSyntax node) =>
        model.GetTypeInfo(node).Type is { IsValueType: true };

    private ITypeSymbol? TypeOfShared(ExpressionSyntax node)
    {
        ISymbol? symbol = model.GetSymbolInfo(node).Symbol;
        ITypeSymbol? type = symbol switch
        {
            IFieldSymbol { IsReadOnly: false, IsConst: false, IsStatic: false } field
                when s_sharedTypes.Contains(field.ContainingType.Name) => field.Type,
            IPropertySymbol { SetMethod.IsInitOnly: false } property
                when s_sharedTypes.Contains(property.ContainingType.Name) => property.Type,
            ILocalSymbol { RefKind: RefKind.Ref } local => local.Type,
            IParameterSymbol { RefKind: RefKind.Ref } parameter => parameter.Type,
            _ => null,
        };

        // What fits a word; structures are accessed by their parts.
        return type is { TypeKind: TypeKind.Class or TypeKind.Enum }
            or { SpecialType: not SpecialType.None } ? type : null;
    }

    private static bool IsName(IdentifierNameSyntax node) =>
        node.Parent is NameEqualsSyntax or NameColonSyntax
        || (node.Parent is MemberAccessExpressionSyntax access && access.Name == node);

    private AssignmentExpressionSyntax Store(
        ExpressionSyntax target, ITypeSymbol type, ExpressionSyntax value) =>
        AssignmentExpression(
            SyntaxKind.SimpleAssignmentExpression,
            VisitTarget(target),
            Token(SyntaxKind.EqualsToken).WithTrailingTrivia(Space),
            Call($"{Plain}.Access<{NameOf(type)}>", value));

    private CastExpressionSyntax Combine(
        SyntaxKind kind, ExpressionSyntax target, ExpressionSyntax value, ITypeSymbol type) =>
        CastExpression(
            ParseTypeName(NameOf(type)),
            ParenthesizedExpression(BinaryExpression(
                kind, Access(VisitTarget(target)).WithoutTrivia(), value)));

    private static string NameOf(ITypeSymbol type) =>
        type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    private static InvocationExpressionSyntax Access(ExpressionSyntax value) =>
        Call($"{Plain}.Access", value);

    private static InvocationExpressionSyntax Call(string method, ExpressionSyntax value) =>
        InvocationExpression(
            ParseExpression(method),
            ArgumentList(SingletonSeparatedList(Argument(value.WithoutTrivia()))))
            .WithTriviaFrom(value);
}
