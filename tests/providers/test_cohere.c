/* The provider `cohere` against recorded traffic: tests/fixtures/cohere. */
#include "support/provider_suite.h"

#include "providers/builtin.h"

int main(void)
{
    static const char *const torture[] = {"stream-tools/stream.sse",
                                          "stream-thinking/stream.sse",
                                          "body-tools/body.json",
                                          "request-everything/call.txt",
                                          "request-history/call.txt",
                                          "stream-null-arguments/stream.sse",
                                          "request-schema-named-and-loose/call.txt",
                                          "request-broken-arguments/call.txt",
                                          NULL};
    static const provider_suite suite = {&beluga__cohere_provider, NULL, torture};
    return provider_suite_run("cohere", &suite, 1, NULL, 0);
}
