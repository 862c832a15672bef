/* The server to which a provider talks that was made by `beluga new provider NAME --http`, with
 * POST …/chat. The guide on writing providers uses it. */
#include "peer/peer.h"

#include <string.h>

/* Make a reply to requests whose body contains this text; NULL: any request. */
static peer_reply *reply_for(peer *p, const char *body_part, int streamed)
{
    peer_reply *r = peer_reply_new(p);
    peer_reply_match(r, "/chat");
    if (body_part) peer_reply_match_body(r, body_part);
    peer_reply_match_streamed(r, streamed);
    peer_reply_repeat(r, PEER_FOR_EVER);
    return r;
}

static void stream(peer_reply *r, const char *const *events)
{
    for (; *events; events++) peer_step_sse(r, *events);
    peer_step_end(r);
}

static void greet(peer *p)
{
    static const char *const events[] = {
        "{\"id\":\"a7\",\"text\":\"Hello, \"}", "{\"text\":\"world.\"}",
        "{\"finish\":\"stop\",\"usage\":{\"input\":9,\"output\":3}}", NULL};
    peer_step_json(reply_for(p, NULL, 0), 200,
                   "{\"id\":\"a7\",\"text\":\"Hello, world.\",\"finish\":\"stop\",\"usage\":{"
                   "\"input\":9,\"output\":3}}\n");
    stream(reply_for(p, NULL, 1), events);
}

/* The first tool that is offered is called `get_weather` in the guide. */
static void call_tools(peer *p)
{
    static const char *const events[] = {
        "{\"id\":\"a8\",\"calls\":[{\"index\":0,\"id\":\"c1\",\"name\":\"get_weather\"}]}",
        "{\"calls\":[{\"index\":0,\"arguments\":\"{\\\"city\\\":\"}]}",
        "{\"calls\":[{\"index\":0,\"arguments\":\"\\\"Oslo\\\"}\"}]}",
        "{\"finish\":\"calls\",\"usage\":{\"input\":31,\"output\":12}}", NULL};
    peer_step_json(
        reply_for(p, "\"tools\":", 0), 200,
        "{\"id\":\"a8\",\"calls\":[{\"index\":0,\"id\":\"c1\",\"name\":\"get_weather\","
        "\"arguments\":\"{\\\"city\\\":\\\"Oslo\\\"}\"}],\"finish\":\"calls\",\"usage\":{"
        "\"input\":31,\"output\":12}}\n");
    stream(reply_for(p, "\"tools\":", 1), events);
}

static void answer_results(peer *p)
{
    static const char *const events[] = {
        "{\"id\":\"a9\",\"text\":\"It is 4 degrees \"}", "{\"text\":\"in Oslo.\"}",
        "{\"finish\":\"stop\",\"usage\":{\"input\":52,\"output\":7}}", NULL};
    peer_step_json(reply_for(p, "\"role\":\"tool\"", 0), 200,
                   "{\"id\":\"a9\",\"text\":\"It is 4 degrees in Oslo.\",\"finish\":\"stop\","
                   "\"usage\":{\"input\":52,\"output\":7}}\n");
    stream(reply_for(p, "\"role\":\"tool\"", 1), events);
}

static void refuse(peer *p)
{
    peer_reply *r = reply_for(p, "\"model\":\"chat-0\"", 0);
    peer_step_json(r, 403,
                   "{\"error\":{\"code\":\"closed\",\"message\":\"chat-0 is not for you.\"}}\n");
}

void peer_serve_example(peer *p)
{
    refuse(p);
    answer_results(p);
    call_tools(p);
    greet(p);
}
