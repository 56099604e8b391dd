using System.Text.Json;
using System.Text.Json.Serialization;
using Plumb.Lab.Payments.Faults;
using Plumb.Lab.Payments.Hosting;
using Plumb.Lab.Payments.Services;

namespace Plumb.Lab.Payments;

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web, NumberHandling = JsonNumberHandling.Strict, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(FaultRequest))]
[JsonSerializable(typeof(FaultView))]
[JsonSerializable(typeof(FaultList))]
[JsonSerializable(typeof(PaymentRequest))]
[JsonSerializable(typeof(Payment))]
[JsonSerializable(typeof(PaymentView))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(Caller))]
[JsonSerializable(typeof(DatabaseHealth))]
[JsonSerializable(typeof(NotificationRequest))]
[JsonSerializable(typeof(NotificationAccepted))]
[JsonSerializable(typeof(MailMessageView))]
[JsonSerializable(typeof(MailListing))]
[JsonSerializable(typeof(LoadReport))]
[JsonSerializable(typeof(LoadRate))]
internal sealed partial class PaymentsJson : JsonSerializerContext;
