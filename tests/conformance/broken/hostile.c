/* A provider that harms the process into which it is loaded. HOSTILE_SLOT names the function that
 * does the harm, and HOSTILE_DEED the kind of harm. The other functions are correct. */
#include "../say.h"

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- deeds ----------------------------------------------------------------------------------- */

static void crash(void)
{
    static int *volatile nowhere;
    *nowhere = 1;
}

static void leave(void)
{
    exit(0);
}

static void leave_at_once(void)
{
    _exit(3);
}

static void spin(void)
{
    static volatile unsigned turns;
    for (;;) turns = turns + 1;
}

static void rest(void)
{
    for (;;) pause();
}

static int (*volatile again)(int);

static int recurse(int depth)
{
    volatile char room[4096];
    room[depth % 4096] = 1;
    return again(depth + 1) + room[0];
}

static void overflow(void)
{
    again = recurse;
    recurse(0);
}

static void eat(void)
{
    enum { BITE = 16 << 20 };
    for (char *bite; (bite = malloc(BITE));) memset(bite, 1, BITE);
    rest();
}

static void stop_itself(void)
{
    raise(SIGSTOP);
}

static void kill_group(void)
{
    kill(0, SIGKILL);
}

static void end_thread(void)
{
    pthread_exit(NULL);
}

/* Fork, and let both processes return from the function. */
static void fork_on(void)
{
    if (fork() == 0) return;
}

static void keep_a_child(void)
{
    if (fork() == 0) rest();
}

static void forget_a_child(void)
{
    if (fork() == 0) _exit(0);
}

static void close_standard(void)
{
    for (int fd = 0; fd < 3; fd++) close(fd);
}

static void close_all(void)
{
    for (int fd = 3; fd < 256; fd++) close(fd);
}

static void write_to_all(void)
{
    static const char words[] =
        "what stands here is no message of the kit, and long enough for one";
    for (int fd = 3; fd < 64; fd++)
        if (write(fd, words, sizeof words) < 0) continue;
}

static void block_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void hear(int number)
{
    (void)number;
}

static void take_signal(void)
{
    signal(SIGINT, hear);
}

static void set_locale(void)
{
    setlocale(LC_ALL, "C.UTF-8");
}

static void move(void)
{
    if (chdir("/")) abort();
}

static void set_variable(void)
{
    setenv("BELUGA_HOSTILE", "1", 1);
}

static void print(void)
{
    puts("hello from the provider");
}

static void print_much(void)
{
    for (int i = 0; i < 100000; i++) print();
}

static const struct {
    const char *name;
    void (*act)(void);
} deeds[] = {
    {"crash", crash},
    {"abort", abort},
    {"exit", leave},
    {"_exit", leave_at_once},
    {"spin", spin},
    {"rest", rest},
    {"overflow", overflow},
    {"eat", eat},
    {"stop", stop_itself},
    {"kill", kill_group},
    {"end-thread", end_thread},
    {"fork", fork_on},
    {"child", keep_a_child},
    {"zombie", forget_a_child},
    {"close-standard", close_standard},
    {"close-all", close_all},
    {"write-all", write_to_all},
    {"block", block_signals},
    {"handler", take_signal},
    {"locale", set_locale},
    {"folder", move},
    {"variable", set_variable},
    {"print", print},
    {"print-much", print_much},
};

static void act(const char *slot)
{
    const char *wanted = getenv("HOSTILE_SLOT"), *deed = getenv("HOSTILE_DEED");
    if (!wanted || !deed || strcmp(wanted, slot) != 0) return;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strcmp(deeds[i].name, deed) == 0) deeds[i].act();
}

/* Return the status, or HOSTILE_STATUS if HOSTILE_SLOT names this function. */
static int give(const char *slot, int status)
{
    const char *wanted = getenv("HOSTILE_SLOT"), *given = getenv("HOSTILE_STATUS");
    return given && wanted && strcmp(wanted, slot) == 0 ? atoi(given) : status;
}

/* ---- behind HTTP ----------------------------------------------------------------------------- */

static bool is_garbage(const char *what)
{
    const char *garbage = getenv("HOSTILE_GARBAGE");
    return garbage && strcmp(garbage, what) == 0;
}

static int open_hostile(const beluga_config *config, void **self, beluga_error *err)
{
    static int something;
    (void)config;
    (void)err;
    *self = &something;
    act("open");
    return give("open", 0);
}

static void close_hostile(void *self)
{
    (void)self;
    act("close");
}

static int encode_request(const beluga_call *call, beluga_http_request *request, beluga_error *err)
{
    act("encode_request");
    return give("encode_request", say_encode(call, request, err));
}

static int emit_garbage(beluga_emit *emit)
{
    if (is_garbage("finish")) return beluga_emit_finish(emit, (beluga_finish_reason)4711, "x");
    if (is_garbage("error")) return beluga_emit_failure(emit, 4711, NULL, "no code of ours");
    if (is_garbage("state"))
        return beluga_emit_state(emit, (beluga_part_kind)4711, 4000000000u, "{}", 2);
    if (is_garbage("index")) return beluga_emit_tool_call_begin(emit, 4000000000u, "a", "b");
    if (is_garbage("delta")) return beluga_emit_tool_call_delta(emit, 7, "a", 1);
    if (is_garbage("null-name")) return beluga_emit_tool_call_begin(emit, 0, NULL, NULL);
    return 0;
}

static int decode(const char *body, size_t length, beluga_emit *emit)
{
    int status = emit_garbage(emit);
    return status ? status : say_decode(NULL, body, length, emit);
}

static int decode_response(void *state, const char *body, size_t length, beluga_emit *emit)
{
    (void)state;
    act("decode_response");
    return give("decode_response", decode(body, length, emit));
}

static int decode_event(void *state, const beluga_frame *frame, beluga_emit *emit)
{
    (void)state;
    act("decode_event");
    return give("decode_event", decode(frame->data, frame->length, emit));
}

static int decode_end(void *state, beluga_emit *emit)
{
    (void)state;
    (void)emit;
    act("decode_end");
    return give("decode_end", 0);
}

static void decode_error(const beluga_call *call, const beluga_http_response *response,
                         beluga_error *err)
{
    (void)call;
    (void)response;
    act("decode_error");
    if (is_garbage("code")) err->code = 4711;
}

static int authorize(beluga_http_request *request, const beluga_credential *credential, int64_t now,
                     beluga_error *err)
{
    (void)now;
    (void)err;
    act("authorize");
    beluga_http_request_set_header(request, "X-Key", credential->key);
    return give("authorize", 0);
}

/* ---- inside the process ---------------------------------------------------------------------- */

static int work(beluga_emit *emit, void *argument)
{
    (void)argument;
    act("work");
    int status = beluga_emit_text(emit, "here", 4);
    return status ? status : give("work", beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end"));
}

static int start(void *self, const beluga_call *call, beluga_emit *emit, beluga_error *err)
{
    (void)self;
    (void)err;
    act("start");
    if (beluga_call_is_streamed(call)) return beluga_emit_run_blocking(emit, work, NULL, NULL);
    int status = beluga_emit_text(emit, "hello", 5);
    if (!status) status = emit_garbage(emit);
    return status ? status : give("start", beluga_emit_finish(emit, BELUGA_FINISH_STOP, "end"));
}

static void cancel(void *self, beluga_emit *emit)
{
    (void)self;
    (void)emit;
    act("cancel");
}

/* ---- loading --------------------------------------------------------------------------------- */

static int begin(beluga_error *err)
{
    (void)err;
    act("init");
    return give("init", 0);
}

static beluga_provider hostile = {
    BELUGA_PROVIDER_INIT("hostile"),
    .default_model = "h",
    .base_url = "https://hostile.example/v1",
    .framing = BELUGA_FRAMING_NDJSON,
    .capabilities = BELUGA_CAPABILITY_STREAM,
    .open = open_hostile,
    .close = close_hostile,
    .encode_request = encode_request,
    .decode_response = decode_response,
    .decode_event = decode_event,
    .decode_end = decode_end,
    .decode_error = decode_error,
    .authorize = authorize,
};
static const beluga_provider inside = {
    BELUGA_PROVIDER_INIT("hostile-inside"),
    .default_model = "h",
    .capabilities = BELUGA_CAPABILITY_STREAM | BELUGA_CAPABILITY_LOCAL,
    .open = open_hostile,
    .close = close_hostile,
    .start = start,
    .cancel = cancel,
};

/* ---- faulty tables --------------------------------------------------------------------------- */

static void spoil_table(const char *fault)
{
    static const beluga_own_option *const nowhere = (const beluga_own_option *)16;
    if (strcmp(fault, "small") == 0) hostile.size = 16;
    if (strcmp(fault, "large") == 0) hostile.size = SIZE_MAX / 2;
    if (strcmp(fault, "abi") == 0) hostile.abi = 4711;
    if (strcmp(fault, "name") == 0) hostile.name = "host\x1b[2J\xff ile";
    if (strcmp(fault, "no-name") == 0) hostile.name = NULL;
    if (strcmp(fault, "slots") == 0) hostile.encode_request = NULL;
    if (strcmp(fault, "decoders") == 0) hostile.decode_response = NULL, hostile.decode_event = NULL;
    if (strcmp(fault, "framing") == 0) hostile.framing = 4711;
    if (strcmp(fault, "state") == 0) hostile.state_size = SIZE_MAX;
    if (strcmp(fault, "capabilities") == 0) hostile.capabilities = UINT64_MAX;
    if (strcmp(fault, "options") == 0) hostile.options = nowhere;
    if (strcmp(fault, "url") == 0) hostile.base_url = "no url at all\x01";
    if (strcmp(fault, "model") == 0) hostile.default_model = "\xff\x01";
}

__attribute__((constructor)) static void load(void)
{
    const char *fault = getenv("HOSTILE_TABLE");
    if (fault) spoil_table(fault);
    act("constructor");
}

BELUGA_PLUGIN_PROVIDERS(begin, &hostile, &inside)
