using System.Text;
using Microsoft.AspNetCore.Http;
using Plumb.Lab.Payments.Services;
using Xunit;

namespace Plumb.Tests.Lab.Payments;

public sealed class PaymentRequestTests
{
    [Fact]
    public async Task A_payment_with_all_fields_is_read()
    {
        var (request, problem) = await ReadAsync("""{"amount":1250,"currency":"EUR","from":"account-001","to":"account-002"}""");

        Assert.Null(problem);
        Assert.Equal(new PaymentRequest(1250, "EUR", "account-001", "account-002"), request);
    }

    [Theory]
    [InlineData("""{"amount":0,"currency":"EUR","from":"a","to":"b"}""", "amount is 0")]
    [InlineData("""{"amount":-5,"currency":"EUR","from":"a","to":"b"}""", "amount is -5")]
    [InlineData("""{"amount":1.5,"currency":"EUR","from":"a","to":"b"}""", "amount has the wrong type")]
    [InlineData("""{"amount":"5","currency":"EUR","from":"a","to":"b"}""", "amount has the wrong type")]
    [InlineData("""{"amount":99999999999999999999,"currency":"EUR","from":"a","to":"b"}""", "amount has the wrong type or is too large")]
    [InlineData("""{"amount":5,"currency":"eur","from":"a","to":"b"}""", "currency is \"eur\"")]
    [InlineData("""{"amount":5,"currency":"EUR","from":"../etc","to":"b"}""", "from is \"../etc\"")]
    [InlineData("""{"amount":5,"currency":"EUR","from":"a"}""", "to is missing")]
    [InlineData("""{"amount":5,"currency":"EUR","from":"a","to":"a"}""", "from and to are both a")]
    [InlineData("""{"amount":5,"tip":1}""", "There is no field \"tip\"")]
    [InlineData("""{"amount":5""", "is no JSON: it breaks at line 1")]
    [InlineData("""[]""", "the body has the wrong type")]
    [InlineData("""null""", "The body is null")]
    [InlineData("", "is no JSON")]
    public async Task A_payment_that_makes_no_sense_is_refused_in_words_of_the_api(string body, string expected)
    {
        var (_, problem) = await ReadAsync(body);

        Assert.Equal(400, problem?.Status);
        var text = System.Text.Json.JsonDocument.Parse(problem!.Body).RootElement.GetProperty("error").GetProperty("message").GetString()!;
        Assert.Contains(expected, text, StringComparison.Ordinal);
        Assert.DoesNotContain("Plumb", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_content_type_is_415_and_a_huge_body_413()
    {
        Assert.Equal(415, (await ReadAsync("amount=5", "application/x-www-form-urlencoded")).Problem?.Status);
        Assert.Equal(413, (await ReadAsync(new string(' ', 20_000))).Problem?.Status);
    }

    private static Task<(PaymentRequest? Request, Plumb.Lab.Payments.Hosting.Reply? Problem)> ReadAsync(string body, string contentType = "application/json")
    {
        var http = new DefaultHttpContext();
        var bytes = Encoding.UTF8.GetBytes(body);
        http.Request.Body = new MemoryStream(bytes);
        http.Request.ContentType = contentType;
        http.Request.ContentLength = bytes.Length;
        return PaymentRequest.ReadAsync(http.Request, TestContext.Current.CancellationToken);
    }
}
