using System.Net;
using System.Net.Http.Headers;
using Plumb.Core;

namespace Plumb.Lab.Installation;

/// <summary>
/// Asks the gateway, from outside, for a payment that does not exist. Only the database can know that there is none, so the answer 404
/// proves the whole path (gateway, auth, ledger, database) and changes nothing.
/// </summary>
internal static class PaymentCheck
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(3);

    /// <returns>Null when the path works.</returns>
    public static async Task<Problem?> RunAsync(Uri gateway, string token, TimeSpan patience, TimeProvider time, CancellationToken cancel)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = AttemptTimeout }) { Timeout = AttemptTimeout };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        var url = new Uri(gateway, $"/api/payments/{Guid.NewGuid():D}");
        var began = time.GetTimestamp();
        var last = "";
        while (time.GetElapsedTime(began) < patience)
        {
            try
            {
                using var response = await client.GetAsync(url, cancel);
                if (response.StatusCode == HttpStatusCode.NotFound)
                {
                    return null;
                }

                last = $"it answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync(cancel)}";
            }
            catch (HttpRequestException problem)
            {
                last = problem.InnerException?.Message ?? problem.Message;
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                last = $"no answer within {AttemptTimeout.TotalSeconds:0} s";
            }

            await Task.Delay(Pause, time, cancel);
        }

        return new Problem(
            $"every pod is Ready, but the gateway at {gateway} does not serve: {last}",
            "Look at the gateway's log with kubectl -n payments logs -l app=gateway, and at the ledger's");
    }
}
