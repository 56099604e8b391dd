using Plumb.Cluster.Api.Auth;
using Xunit;

namespace Plumb.Tests.Cluster.Api;

public sealed class AuthorizerTests
{
    private static readonly UserInfo Account = new("system:serviceaccount:default:default", ["system:serviceaccounts", "system:authenticated"]);

    [Theory]
    [InlineData("get", "pods", null, true)]
    [InlineData("get", "pods", "log", true)]
    [InlineData("get", "secrets", null, false)]
    [InlineData("create", "pods", "exec", false)]
    [InlineData("get", "pods", "exec", false)]
    [InlineData("get", "pods", "attach", false)]
    [InlineData("get", "pods", "portforward", false)]
    [InlineData("get", "services", "proxy", false)]
    public void A_service_account_that_may_read_may_not_act_by_a_request_that_looks_like_reading(string verb, string resource, string? subresource, bool isAllowed)
    {
        Assert.True(Account.IsServiceAccount);
        Assert.Equal(isAllowed, new Authorizer(serviceAccountsMayRead: true).Allows(Account, verb, "", resource, subresource));
        Assert.True(new Authorizer(serviceAccountsMayRead: false).Allows(UserInfo.Admin, verb, "", resource, subresource));
    }
}
