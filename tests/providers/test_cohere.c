/* The provider `cohere` with recorded traffic from tests/fixtures/cohere. */
#include "providers/builtin.h"
#include "support/provider_suite.h"

int main(void)
{
    static const char *const torture[] = {"stream-tools/sse",
                                          "stream-thinking/sse",
                                          "body-tools/body",
                                          "request-everything/call",
                                          "request-history/call",
                                          "stream-null-arguments/sse",
                                          "request-schema-named-and-loose/call",
                                          "request-broken-arguments/call",
                                          NULL};
    static const provider_suite suite = {&beluga__cohere_provider, NULL, torture};
    return provider_suite_run("cohere", &suite, 1, NULL, 0);
}
