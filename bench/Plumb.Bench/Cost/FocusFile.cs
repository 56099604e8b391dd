using System.Globalization;
using System.Text;

namespace Plumb.Bench.Cost;

/// <summary>A FOCUS 1.0 export as a cloud writes it: 43 columns, quoted, most of them of no use to a sum by day. Always the same for the same number of rows.</summary>
internal static class FocusFile
{
    private static readonly string[] Columns =
    [
        "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
        "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType",
        "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity",
        "PricingUnit", "ProviderName", "PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId",
        "SubAccountName", "Tags",
    ];

    private static readonly string[] Services = [.. Enumerable.Range(0, 40).Select(i => $"Amazon Service {i:00}")];
    private static readonly string[] Regions = ["eu-west-1", "us-east-1", "us-west-2", "ap-southeast-2", "eu-central-1"];

    public static void Write(string path, int rows)
    {
        var random = new Random(11);
        using var file = new StreamWriter(path, append: false, new UTF8Encoding(false), 1 << 20);
        file.NewLine = "\n";
        file.WriteLine(string.Join(',', Columns));
        for (var row = 0; row < rows; row++)
        {
            var day = new DateTime(2026, 1, 1).AddDays(row * 90L / rows);
            var (service, region, account) = (random.Next(Services.Length), Regions[random.Next(Regions.Length)], 100_000_000_000L + random.Next(12));
            var cost = (random.NextDouble() * 3).ToString("0.00000000000", CultureInfo.InvariantCulture);
            file.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{region}a,\"{cost}\",999900001111,\"Example, Ltd\",USD,2026-02-01T00:00:00Z,2026-01-01T00:00:00Z,Usage,NULL,\"$0.0{row % 97} per unit, \"\"on demand\"\" in {region}\",Usage-Based,{day.AddDays(1):yyyy-MM-dd}T00:00:00Z,{day:yyyy-MM-dd}T00:00:00Z,NULL,NULL,NULL,NULL,NULL,\"{random.Next(1000)}.0\",Hours,\"{cost}\",\"0.0425\",\"{cost}\",\"Amazon Web Services, Inc.\",\"{cost}\",\"0.0425\",Standard,\"{random.Next(1000)}.0\",Hours,AWS,AWS,{region},\"{region} (name)\",arn:aws:ec2:{region}:{account}:instance/i-{random.Next():x8}{random.Next():x8},NULL,Instance,Compute,{Services[service]},SKU{service}{row % 5},SKU{service}{row % 5}P,{account},\"Account {account % 100}\",\"{{\"\"team\"\":\"\"team-{random.Next(20)}\"\",\"\"env\"\":\"\"prod\"\"}}\""));
        }
    }
}
