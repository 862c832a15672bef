#include "mcp/session.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/line.h"

#include <beluga/version.h>

#include <string.h>

/* The protocol revisions that this client speaks. The newer revision has no handshake: each request
 * contains the metadata. The older revisions begin with a handshake. */
static const char modern[] = "2026-07-28";
static const char *const older[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

static beluga__mcp_session *of_link(beluga__mcp_link *link)
{
    return beluga__container_of(link, beluga__mcp_session, link);
}

static void ask_handshake(beluga__mcp_session *s);

/* --- the end of an opening -------------------------------------------------------------------- */

static void stop_timers(beluga__mcp_session *s)
{
    beluga__timer_clear(s->link.loop, &s->patience);
    beluga__timer_clear(s->link.loop, &s->refresh);
}

static void drop_list(beluga__mcp_session *s)
{
    beluga__mcp_catalogue_unref(s->building);
    s->building = NULL;
}

/* Leave the READY or OPENING state: the wire is closed, or will be. */
static void leave(beluga__mcp_session *s, const beluga_error *err, bool all)
{
    s->phase = BELUGA__MCP_BREAKING;
    s->link.ready = false;
    stop_timers(s);
    drop_list(s);
    beluga__mcp_link_fail(&s->link, err, all);
}

static void fail_opening(beluga__mcp_session *s, const beluga_error *err)
{
    beluga_error why = *err;
    s->deaths++;
    leave(s, &why, true);
    s->wire->ops->close(s->wire);
    s->events->opened(s->owner, &why);
}

/* --- the list of tools ------------------------------------------------------------------------ */

static void write_cursor(beluga__mcp_request *request, beluga_json_writer *w)
{
    const beluga__mcp_session *s = beluga__container_of(request, beluga__mcp_session, list);
    if (s->cursor.length) beluga_json_put_string_n(w, "cursor", s->cursor.data, s->cursor.length);
}

static int ask_page(beluga__mcp_session *s, beluga_error *err)
{
    s->list.deadline_ns =
        s->phase == BELUGA__MCP_OPENING ? s->deadline_ns : beluga__ends_ns(s->connect_ms);
    return beluga__mcp_link_ask(&s->link, &s->list, false, err);
}

/* End the reading of the list after a failure. During an opening the opening fails; later the
 * failure is only logged, and the tools stay as they were. */
static void fail_list(beluga__mcp_session *s, const beluga_error *err)
{
    drop_list(s);
    if (s->phase == BELUGA__MCP_OPENING)
        fail_opening(s, err);
    else if (s->phase == BELUGA__MCP_READY)
        beluga__log(s->link.runtime, BELUGA_LOG_WARN, "mcp.no_list",
                    BELUGA__TEXT_FIELD("server", s->link.name),
                    BELUGA__TEXT_FIELD("error", err->message));
}

static void begin_list(beluga__mcp_session *s)
{
    beluga_error err;
    s->stale = false;
    s->pages = 0;
    beluga__buf_clear(&s->cursor);
    drop_list(s);
    s->building = beluga__mcp_catalogue_new(s->link.runtime);
    int status = s->building ? 0 : beluga_error_set(&err, BELUGA_ERROR_NO_MEMORY, "no memory");
    if (!status) status = ask_page(s, &err);
    if (status) fail_list(s, &err);
}

static void plan_refresh(beluga__mcp_session *s)
{
    int64_t earliest = s->listed_ns + BELUGA__MCP_REFRESH_MS * (int64_t)BELUGA__NS_PER_MS;
    int64_t now = beluga__now_ns();
    s->link.loop->ops->timer_set(s->link.loop, &s->refresh, earliest > now ? earliest : now);
}

static void refresh_list(beluga__timer *timer)
{
    begin_list(beluga__container_of(timer, beluga__mcp_session, refresh));
}

/* Plan to read the list of tools again, since it has changed. It is read at most once a second,
 * even if the server reports changes more often. */
static void list_changed(beluga__mcp_link *link)
{
    beluga__mcp_session *s = of_link(link);
    if (s->building)
        s->stale = true;
    else if (s->phase == BELUGA__MCP_READY && !s->refresh.heap_index)
        plan_refresh(s);
}

static void write_filter(beluga__mcp_request *request, beluga_json_writer *w)
{
    (void)request;
    beluga_json_begin_object(w, "notifications");
    beluga_json_put_bool(w, "toolsListChanged", true);
    beluga_json_end_object(w);
}

/* Log why the subscription to changes of the tools has ended. The session goes on, but no longer
 * learns of changes. */
static void listened(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    const beluga__mcp_session *s = beluga__container_of(request, beluga__mcp_session, listen);
    if (answer->err && s->phase == BELUGA__MCP_READY)
        beluga__log(s->link.runtime, BELUGA_LOG_DEBUG, "mcp.not_subscribed",
                    BELUGA__TEXT_FIELD("server", s->link.name),
                    BELUGA__TEXT_FIELD("error", answer->err->message));
}

/* Subscribe to changes of the list: in the newer protocol revision a server reports them only to
 * subscribers. */
static void subscribe(beluga__mcp_session *s)
{
    beluga_error err;
    if (!s->wire->modern || !s->tells_changes) return;
    s->listen.deadline_ns = INT64_MAX;
    (void)beluga__mcp_link_ask(&s->link, &s->listen, false, &err);
}

static void become_ready(beluga__mcp_session *s)
{
    s->phase = BELUGA__MCP_READY;
    subscribe(s);
    beluga__mcp_link_release(&s->link);
    s->events->opened(s->owner, NULL);
}

static void take_list(beluga__mcp_session *s)
{
    beluga__mcp_catalogue *found = s->building;
    s->building = NULL;
    s->listed_ns = beluga__now_ns();
    if (s->current && beluga__mcp_catalogue_same(s->current, found))
        beluga__mcp_catalogue_unref(found);
    else {
        beluga__mcp_catalogue_unref(s->current);
        s->current = found;
        s->events->listed(s->owner, beluga__mcp_catalogue_ref(found));
    }
    if (s->phase == BELUGA__MCP_OPENING) become_ready(s);
    if (s->stale && s->phase == BELUGA__MCP_READY) plan_refresh(s);
}

/* Returns whether there is another page. If the server returns the same cursor again, the list
 * ends, since it would be endless otherwise. */
static bool turn_page(beluga__mcp_session *s, const beluga_json *result)
{
    size_t n = 0;
    const char *next = beluga_json_get_string(result, "nextCursor", &n);
    if (!n || ++s->pages >= BELUGA__MAX_MCP_PAGES) return false;
    if (n == s->cursor.length && memcmp(next, s->cursor.data, n) == 0) return false;
    beluga__buf_clear(&s->cursor);
    return !beluga__buf_append(&s->cursor, next, n);
}

static void listed(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    beluga__mcp_session *s = beluga__container_of(request, beluga__mcp_session, list);
    beluga_error err;
    if (answer->status || !s->building) {
        if (answer->status) fail_list(s, answer->err);
        return;
    }
    int status = beluga__mcp_catalogue_add(
        s->building, s->choice, beluga_json_get(answer->result, "tools"), &s->link.loop->scratch);
    if (status == BELUGA_ERROR_NO_MEMORY) {
        beluga_error_set(&err, status, "no memory for the tools of MCP server %s", s->link.name);
        fail_list(s, &err);
    } else if (status || !turn_page(s, answer->result))
        take_list(s);
    else if (ask_page(s, &err))
        fail_list(s, &err);
}

/* --- agreeing on a protocol revision ---------------------------------------------------------- */

static void copy_line(char *to, size_t size, const beluga_json *object, const char *key)
{
    size_t n;
    const char *text = beluga_json_get_string(object, key, &n);
    if (text) beluga__line(to, size, text, n, BELUGA__BREAKS_BLANK);
}

static void take_about(beluga__mcp_session *s, const beluga_json *result, const beluga_json *info)
{
    const beluga_json *tools = beluga_json_get(beluga_json_get(result, "capabilities"), "tools");
    copy_line(s->about.name, sizeof s->about.name, info, "name");
    copy_line(s->about.version, sizeof s->about.version, info, "version");
    s->about.protocol = s->wire->protocol;
    s->lists = tools != NULL;
    s->tells_changes = beluga_json_bool(beluga_json_get(tools, "listChanged"), false);
}

static void agreed(beluga__mcp_session *s)
{
    beluga__timer_clear(s->link.loop, &s->patience);
    beluga__log(s->link.runtime, BELUGA_LOG_DEBUG, "mcp.opened",
                BELUGA__TEXT_FIELD("server", s->link.name),
                BELUGA__TEXT_FIELD("name", s->about.name),
                BELUGA__TEXT_FIELD("protocol", s->about.protocol));
    if (!s->lists)
        beluga__log(s->link.runtime, BELUGA_LOG_WARN, "mcp.no_tools",
                    BELUGA__TEXT_FIELD("server", s->link.name));
    begin_list(s);
}

static bool has_word(const beluga_json *list, const char *word)
{
    for (const beluga_json *v = beluga_json_first(list); v; v = beluga_json_next(list, v)) {
        const char *text = beluga_json_string(v, NULL);
        if (text && strcmp(text, word) == 0) return true;
    }
    return false;
}

/* Returns whether the failure of the probe ends the opening, since a handshake would fail for the
 * same reason. */
static bool decides(int status)
{
    return status == BELUGA_ERROR_NETWORK || status == BELUGA_ERROR_AUTHENTICATION ||
           status == BELUGA_ERROR_AUTHORIZATION;
}

/* Handle the answer to the probe. If the server speaks the newer revision, use that, even if a
 * handshake was sent meanwhile. Otherwise send a handshake, or let the opening fail. */
static void probed(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    beluga__mcp_session *s = beluga__container_of(request, beluga__mcp_session, probe);
    if (s->phase != BELUGA__MCP_OPENING) return;
    bool speaks =
        !answer->status && has_word(beluga_json_get(answer->result, "supportedVersions"), modern);
    if (!speaks) {
        if (s->refusal.code)
            fail_opening(s, &s->refusal);
        else if (decides(answer->status))
            fail_opening(s, answer->err);
        else if (!beluga__mcp_is_asked(&s->handshake))
            ask_handshake(s);
        return;
    }
    beluga__mcp_link_drop(&s->link, &s->handshake);
    s->wire->modern = true;
    s->wire->protocol = modern;
    take_about(s, answer->result,
               beluga_json_get(beluga_json_get(answer->result, "_meta"),
                               "io.modelcontextprotocol/serverInfo"));
    agreed(s);
}

static void write_handshake(beluga__mcp_request *request, beluga_json_writer *w)
{
    (void)request;
    beluga_json_put_string(w, "protocolVersion", older[0]);
    beluga_json_begin_object(w, "capabilities");
    beluga_json_end_object(w);
    beluga_json_begin_object(w, "clientInfo");
    beluga_json_put_string(w, "name", "beluga");
    beluga_json_put_string(w, "version", BELUGA_VERSION_STRING);
    beluga_json_end_object(w);
}

static const char *find_older(const char *version)
{
    for (size_t i = 0; version && i < sizeof older / sizeof *older; i++)
        if (strcmp(older[i], version) == 0) return older[i];
    return NULL;
}

/* Let the opening fail, since the handshake failed. If the probe was not answered yet, first wait
 * for its answer for a limited time. */
static void refuse_handshake(beluga__mcp_session *s, const beluga_error *err)
{
    if (!beluga__mcp_is_asked(&s->probe)) {
        fail_opening(s, err);
        return;
    }
    s->refusal = *err;
    beluga__mcp_link_hasten(&s->link, &s->probe, beluga__ends_ns(BELUGA__MCP_PROBE_MS));
}

static void shook(beluga__mcp_request *request, const beluga__mcp_answer *answer)
{
    beluga__mcp_session *s = beluga__container_of(request, beluga__mcp_session, handshake);
    char words[160];
    if (s->phase != BELUGA__MCP_OPENING) return;
    if (answer->status) {
        refuse_handshake(s, answer->err);
        return;
    }
    const char *version = beluga_json_get_string(answer->result, "protocolVersion", NULL);
    s->wire->protocol = find_older(version);
    if (!s->wire->protocol) {
        beluga__line(words, sizeof words, version ? version : "none", version ? strlen(version) : 4,
                     BELUGA__BREAKS_BLANK);
        beluga_error err;
        beluga_error_set(
            &err, BELUGA_ERROR_NOT_SUPPORTED,
            "MCP server %s speaks protocol revision %s, which this library does not support",
            s->link.name, words);
        fail_opening(s, &err);
        return;
    }
    beluga__mcp_link_drop(&s->link, &s->probe);
    s->legacy = true;
    take_about(s, answer->result, beluga_json_get(answer->result, "serverInfo"));
    beluga__mcp_link_notify(&s->link, "notifications/initialized");
    agreed(s);
}

static void ask(beluga__mcp_session *s, beluga__mcp_request *request)
{
    beluga_error err;
    request->deadline_ns = s->deadline_ns;
    if (beluga__mcp_link_ask(&s->link, request, false, &err)) fail_opening(s, &err);
}

static void ask_handshake(beluga__mcp_session *s)
{
    s->wire->modern = false;
    s->wire->protocol = NULL;
    ask(s, &s->handshake);
}

/* Send a handshake, since the probe was not answered in time: servers of an older revision may not
 * answer a method that they don't know. */
static void lose_patience(beluga__timer *timer)
{
    beluga__mcp_session *s = beluga__container_of(timer, beluga__mcp_session, patience);
    if (s->phase == BELUGA__MCP_OPENING && !beluga__mcp_is_asked(&s->handshake)) ask_handshake(s);
}

static void ask_probe(beluga__mcp_session *s)
{
    int64_t patience = s->connect_ms / 4;
    if (patience > BELUGA__MCP_PROBE_MS) patience = BELUGA__MCP_PROBE_MS;
    s->wire->modern = true;
    s->wire->protocol = modern;
    s->link.loop->ops->timer_set(s->link.loop, &s->patience, beluga__ends_ns(patience));
    ask(s, &s->probe);
}

/* --- the wire --------------------------------------------------------------------------------- */

static void message(void *owner, const char *text, size_t n, size_t cut)
{
    beluga__mcp_session *s = owner;
    beluga__mcp_link_message(&s->link, text, n, cut);
}

static void failed(void *owner, beluga__mcp_request *request, const beluga_error *err)
{
    beluga__mcp_session *s = owner;
    beluga__mcp_link_failed(&s->link, request, err);
}

/* Begin a new session, since the server no longer knows the old one. A list that is being read
 * belongs to the old session, so it is dropped. */
static void begin_anew(beluga__mcp_session *s)
{
    s->phase = BELUGA__MCP_OPENING;
    s->link.ready = false;
    s->deadline_ns = beluga__ends_ns(s->connect_ms);
    stop_timers(s);
    beluga__mcp_link_drop(&s->link, &s->list);
    drop_list(s);
    ask_handshake(s);
}

/* Handle the report that the server no longer knows the session. A new session is begun, and the
 * tool call is sent once more. A request for the list is not sent again, since the list is read
 * after each handshake. */
static void expired(void *owner, beluga__mcp_request *request)
{
    beluga__mcp_session *s = owner;
    beluga_error err;
    bool ready = s->phase == BELUGA__MCP_READY, again = request->tool && !request->held;
    if (again)
        beluga__mcp_link_hold(&s->link, request);
    else if (!ready || request->tool) {
        beluga_error_set(&err, BELUGA_ERROR_NOT_FOUND, "MCP server %s keeps forgetting its session",
                         s->link.name);
        beluga__mcp_link_failed(&s->link, request, &err);
        return;
    }
    if (ready) begin_anew(s);
}

/* End the session, since the connection has ended. Some servers of an older revision end if the
 * first message is no handshake, so the session is opened again once, with a handshake. */
static void broke(void *owner, const beluga_error *err)
{
    beluga__mcp_session *s = owner;
    bool opening = s->phase == BELUGA__MCP_OPENING;
    if (s->phase == BELUGA__MCP_BREAKING) return;
    if (opening && !s->legacy && !s->about.protocol) {
        s->legacy = s->reopen = true;
        leave(s, err, false);
        return;
    }
    beluga__log(s->link.runtime, BELUGA_LOG_WARN, "mcp.ended",
                BELUGA__TEXT_FIELD("server", s->link.name),
                BELUGA__TEXT_FIELD("error", err->message), BELUGA__TEXT_FIELD("cause", err->cause));
    if (opening) {
        fail_opening(s, err);
        return;
    }
    s->deaths++;
    leave(s, err, false);
}

static void closed(void *owner)
{
    beluga__mcp_session *s = owner;
    s->phase = BELUGA__MCP_DOWN;
    if (s->closing)
        s->events->closed(s->owner);
    else if (s->reopen || s->link.n_requests)
        beluga__mcp_session_open(s);
}

/* --- making and freeing ----------------------------------------------------------------------- */

static void answered(beluga__mcp_link *link)
{
    beluga__mcp_session *s = of_link(link);
    if (s->phase == BELUGA__MCP_READY) s->deaths = 0;
}

void beluga__mcp_session_init(beluga__mcp_session *session, beluga_loop *loop,
                              beluga__mcp_wire *wire, const beluga__mcp_place *place,
                              const beluga__mcp_choice *choice, int64_t connect_ms,
                              const beluga__mcp_session_events *events, void *owner)
{
    static const beluga__mcp_wire_events wire_events = {message, failed, expired, broke, closed};
    *session = (beluga__mcp_session){
        .wire = wire,
        .choice = choice,
        .connect_ms = connect_ms,
        .events = events,
        .owner = owner,
        .probe = {.method = "server/discover", .done = probed},
        .handshake = {.method = "initialize", .write = write_handshake, .done = shook},
        .list = {.method = "tools/list", .write = write_cursor, .done = listed},
        .listen = {.method = "subscriptions/listen", .write = write_filter, .done = listened},
        .patience = {.fire = lose_patience},
        .refresh = {.fire = refresh_list},
    };
    wire->loop = loop;
    wire->place = place;
    wire->owner = session;
    wire->events = &wire_events;
    beluga__mcp_link_init(&session->link, loop, wire->runtime, wire, place->name);
    session->link.noticed = list_changed;
    session->link.answered = answered;
    beluga__buf_init(&session->cursor, &wire->runtime->allocator, BELUGA__MAX_MCP_MESSAGE);
}

void beluga__mcp_session_end(beluga__mcp_session *session)
{
    drop_list(session);
    beluga__mcp_catalogue_unref(session->current);
    beluga__buf_free(&session->cursor);
}

void beluga__mcp_session_open(beluga__mcp_session *s)
{
    beluga_error err;
    s->reopen = false;
    s->refusal.code = 0;
    s->wire->modern = false;
    s->wire->protocol = NULL;
    s->deadline_ns = beluga__ends_ns(s->connect_ms);
    if (s->wire->ops->open(s->wire, &err)) {
        s->deaths++;
        beluga__mcp_link_fail(&s->link, &err, true);
        s->events->opened(s->owner, &err);
        return;
    }
    s->phase = BELUGA__MCP_OPENING;
    if (s->legacy)
        ask_handshake(s);
    else
        ask_probe(s);
}

int beluga__mcp_session_ask(beluga__mcp_session *session, beluga__mcp_request *request,
                            beluga_error *err)
{
    if (session->closing)
        return beluga_error_set(err, BELUGA_ERROR_STREAM_CLOSED, "MCP server %s is closed",
                                session->link.name);
    if (session->phase != BELUGA__MCP_READY && session->deaths > BELUGA__MAX_MCP_DEATHS)
        return beluga_error_set(err, BELUGA_ERROR_STREAM_CLOSED,
                                "MCP server %s ended %u times in a row, so it is not started again",
                                session->link.name, session->deaths);
    int status = beluga__mcp_link_ask(&session->link, request, true, err);
    if (!status && session->phase == BELUGA__MCP_DOWN) beluga__mcp_session_open(session);
    return status;
}

void beluga__mcp_session_close(beluga__mcp_session *session)
{
    beluga_error err;
    if (session->closing) return;
    session->closing = true;
    beluga_error_set(&err, BELUGA_ERROR_STREAM_CLOSED, "MCP server %s is closed",
                     session->link.name);
    beluga__mcp_phase before = session->phase;
    leave(session, &err, true);
    if (before == BELUGA__MCP_DOWN)
        session->events->closed(session->owner);
    else if (before != BELUGA__MCP_BREAKING)
        session->wire->ops->close(session->wire);
}
