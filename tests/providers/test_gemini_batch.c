/* Batch jobs of `gemini`. The bodies are answers of the API that people have published. The
 * finished job and its line were recorded by the author of an image client on 2026-08-20 (they are
 * in its tests, with ids and counts). The list is from flachesis/gemini-rust, pull request 13, and
 * from python-genai, issue 1323. The requests are from ai.google.dev/gemini-api/docs/batch-api and
 * /docs/files, and from batches.py and files.py of python-genai. */
#include "batch_scene.h"

static int set_gemini(void **state)
{
    int status = set_scene(state);
    if (!status) use_provider_at(*state, "gemini", "");
    return status;
}

#define BATCH(test) SCENE_WITH(test, set_gemini, strike_scene)

/* ---- creating -------------------------------------------------------------------------------- */

#define ONE_LINE(id)                                                                          \
    "{\"key\":\"" id "\",\"request\":{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":" \
    "\"Hi\"}]}]}}\n"

#define PENDING                                                                                 \
    "{\"name\":\"batches/7h9w4gzuqot3bb3fpd1e2nqcp980iwnmjs7n\",\"metadata\":{\"@type\":"       \
    "\"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch\","         \
    "\"model\":\"models/gemini-2.5-flash\",\"displayName\":\"seven\",\"inputConfig\":{"         \
    "\"fileName\":\"files/85nave4ld71j\"},\"createTime\":\"2025-09-07T11:55:07.827892252Z\","   \
    "\"updateTime\":\"2025-09-07T11:55:07.827892252Z\",\"batchStats\":{\"requestCount\":\"2\"," \
    "\"pendingRequestCount\":\"2\"},\"state\":\"BATCH_STATE_PENDING\",\"name\":"                \
    "\"batches/7h9w4gzuqot3bb3fpd1e2nqcp980iwnmjs7n\"}}"
#define PENDING_TOLD                                                                        \
    "batches/7h9w4gzuqot3bb3fpd1e2nqcp980iwnmjs7n|seven|queued|BATCH_STATE_PENDING||2 0 0|" \
    "1757246107 0 0"

static void script_upload(scene *s, const peer *to)
{
    char header[256];
    snprintf(header, sizeof header,
             "X-Goog-Upload-URL: http://127.0.0.1:%d/upload/v1beta/files?upload_id=secret&"
             "upload_protocol=resumable\r\n",
             peer_port(to));
    script(s->peer, HEAD(200, header), BODY(""));
}

#define UPLOADED                                                                              \
    JSON("{\"file\":{\"name\":\"files/85nave4ld71j\",\"displayName\":\"seven\",\"mimeType\":" \
         "\"application/jsonl\",\"sizeBytes\":\"180\",\"state\":\"ACTIVE\"}}")

static void a_job_is_made_of_a_file_that_is_uploaded_first(scene *s)
{
    script_upload(s, s->peer);
    script(s->peer, UPLOADED);
    script(s->peer, JSON(PENDING));
    beluga_batch_job *job = create_job(s, "seven");
    if (!job) fail_msg("%s <%s>", s->err.message, s->err.cause);
    assert_job(job, PENDING_TOLD);
    beluga_free(job);
    expect_sent(s, 0, "POST /upload/v1beta/files");
    assert_string_equal(peer_request_header(s->peer, 0, "x-goog-upload-protocol"), "resumable");
    assert_string_equal(peer_request_header(s->peer, 0, "x-goog-upload-command"), "start");
    assert_string_equal(peer_request_header(s->peer, 0, "x-goog-upload-header-content-type"),
                        "application/jsonl");
    assert_string_equal(peer_request_header(s->peer, 0, "x-goog-api-key"), "the-key");
    assert_string_equal(peer_request_body(s->peer, 0, NULL),
                        "{\"file\":{\"display_name\":\"seven\"}}");
    expect_sent(s, 1, "POST /upload/v1beta/files?upload_id=secret&upload_protocol=resumable");
    assert_string_equal(peer_request_header(s->peer, 1, "x-goog-upload-command"),
                        "upload, finalize");
    assert_string_equal(peer_request_header(s->peer, 1, "x-goog-upload-offset"), "0");
    assert_string_equal(peer_request_header(s->peer, 1, "content-length"),
                        peer_request_header(s->peer, 0, "x-goog-upload-header-content-length"));
    assert_string_equal(peer_request_body(s->peer, 1, NULL), ONE_LINE("r-0") ONE_LINE("r-1"));
    expect_sent(s, 2, "POST /v1beta/models/the-model:batchGenerateContent");
    assert_string_equal(peer_request_body(s->peer, 2, NULL),
                        "{\"batch\":{\"display_name\":\"seven\",\"input_config\":{\"file_name\":"
                        "\"files/85nave4ld71j\"}}}");
}

/* ---- vectors --------------------------------------------------------------------------------- */

static int add_texts(scene *s, beluga_batch_requests *requests, size_t n)
{
    static const char *const texts[] = {"Hi", "Ho"};
    return beluga_batch_requests_add_embedding(requests, "r-0", texts, NULL, n, &s->err,
                                               beluga_with_dimensions(2),
                                               beluga_with_input_type(BELUGA_INPUT_TYPE_DOCUMENT));
}

/* The method and the lines are those of python-genai 3.6 (batches.py, create_embeddings) and of
 * developers.googleblog.com, "Gemini Batch API now supports Embeddings and OpenAI Compatibility";
 * names with capitals and with underscores mean the same in Google's JSON. */
static void a_job_may_embed_texts(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 0);
    if (add_texts(s, requests, 1)) fail_msg("%s", s->err.message);
    script_upload(s, s->peer);
    script(s->peer, UPLOADED);
    script(s->peer, JSON(PENDING));
    assert_int_equal(beluga_batch_job_create(s->model, NULL, requests, "v", NULL, &s->err), 0);
    beluga_batch_requests_free(requests);
    assert_string_equal(peer_request_body(s->peer, 1, NULL),
                        "{\"key\":\"r-0\",\"request\":{\"model\":\"models/the-model\","
                        "\"content\":{\"parts\":[{\"text\":\"Hi\"}]},\"taskType\":"
                        "\"RETRIEVAL_DOCUMENT\",\"outputDimensionality\":2}}\n");
    expect_sent(s, 2, "POST /v1beta/models/the-model:asyncBatchEmbedContent");
}

static void a_line_embeds_one_text(scene *s)
{
    static const char *const texts[] = {"Hi"};
    beluga_batch_requests *requests = make_requests(s, 0);
    assert_int_equal(add_texts(s, requests, 2), BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(s->err.message, "embeds only one text"));
    assert_int_equal(beluga_batch_requests_add_embedding(requests, "r", texts, NULL, 1, &s->err,
                                                         beluga_with_extra_body("{\"a\":1}")),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_non_null(strstr(s->err.message, "extra_body"));
    assert_int_equal(beluga_batch_requests_count(requests), 0);
    beluga_batch_requests_free(requests);
}

/* ---- other uploads --------------------------------------------------------------------------- */

/* A gateway's answer has Google's own URL for the upload. */
static void another_server_gets_the_file_and_no_key(scene *s)
{
    peer *storage = peer_start();
    use_provider_at(s, "gemini", "/gw/v1beta");
    script_upload(s, storage);
    script(storage, UPLOADED);
    script(s->peer, JSON(PENDING));
    beluga_batch_job *job = create_job(s, NULL);
    assert_non_null(job);
    beluga_free(job);
    expect_sent(s, 0, "POST /gw/upload/v1beta/files");
    expect_sent(s, 1, "POST /gw/v1beta/models/the-model:batchGenerateContent");
    assert_int_equal(peer_requests(storage), 1);
    assert_string_equal(peer_request_body(storage, 0, NULL), ONE_LINE("r-0") ONE_LINE("r-1"));
    assert_string_equal(peer_request_header(storage, 0, "x-goog-upload-offset"), "0");
    assert_null(peer_request_header(storage, 0, "x-goog-api-key"));
    peer_stop(storage);
}

static void an_upload_that_fails_makes_no_job(scene *s)
{
    script(s->peer, JSON("{}"));
    assert_null(create_job(s, NULL));
    assert_int_equal(s->err.code, BELUGA_ERROR_INVALID_RESPONSE);
    script_upload(s, s->peer);
    script(s->peer, JSON("{\"error\":{\"code\":400,\"message\":\"no\",\"status\":"
                         "\"INVALID_ARGUMENT\"}}"));
    assert_null(create_job(s, NULL));
    assert_int_equal(s->err.code, BELUGA_ERROR_INVALID_REQUEST);
    script_upload(s, s->peer);
    script(s->peer, JSON("{\"file\":{\"name\":\"elsewhere/1\"}}"));
    assert_null(create_job(s, NULL));
    assert_int_equal(s->err.code, BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(peer_requests(s->peer), 5);
}

/* This refusal of a batch was recorded by langchain4j's tests of 2026-01-12 (its pull request
 * 3942); js-genai's issue 1264 has the same text. */
#define NO_ROOM                                                                                   \
    "{\"error\":{\"code\":429,\"message\":\"You exceeded your current quota, please check your "  \
    "plan and billing details. For more information on this error, head to: "                     \
    "https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head "     \
    "to: https://ai.dev/rate-limit. \",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{"          \
    "\"@type\":\"type.googleapis.com/google.rpc.Help\",\"links\":[{\"description\":\"Learn more " \
    "about Gemini API quotas\",\"url\":\"https://ai.google.dev/gemini-api/docs/rate-limits\"}]}"  \
    "]}}"

static void a_job_without_room_may_have_it_later(scene *s)
{
    script_upload(s, s->peer);
    script(s->peer, UPLOADED);
    script(s->peer, HEAD(429, "Content-Type: application/json\r\n"), BODY(NO_ROOM));
    assert_null(create_job(s, "seven"));
    assert_int_equal(s->err.code, BELUGA_ERROR_RATE_LIMIT);
    assert_true(s->err.retryable);
}

static void a_job_has_one_model(scene *s)
{
    beluga_batch_requests *requests = make_requests(s, 1);
    assert_int_equal(beluga_batch_requests_add(requests, NULL, "other", beluga_input_text("Hi"),
                                               &s->err, beluga_with_model_name("another")),
                     BELUGA_ERROR_NOT_SUPPORTED);
    beluga_batch_requests_free(requests);
}

static void vertex_ai_has_no_batch_api_here(scene *s)
{
    beluga_batch_requests *requests;
    beluga_batch_job *jobs;
    size_t n;
    use_provider_at(s, "gemini", "/v1/projects/p/locations/global");
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err),
                     BELUGA_ERROR_NOT_SUPPORTED);
    use_provider_at(s, "vertex", "/v1/projects/p/locations/global");
    assert_int_equal(beluga_batch_requests_new(s->model, &requests, &s->err),
                     BELUGA_ERROR_NOT_SUPPORTED);
    assert_int_equal(peer_requests(s->peer), 0);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

#define JOB(state, more) "{\"name\":\"batches/b\",\"metadata\":{\"state\":\"" state "\"}" more "}"
#define NAMED            "batches/b||"
#define UNKNOWN          "|-1 -1 -1|0 0 0"

static void states_have_two_words_each(scene *s)
{
    static const struct {
        const char *word, *name;
    } states[] = {{"QUEUED", "queued"},       {"PENDING", "queued"},
                  {"PAUSED", "queued"},       {"RUNNING", "running"},
                  {"UPDATING", "running"},    {"CANCELLING", "cancelling"},
                  {"FAILED", "failed"},       {"CANCELLED", "cancelled"},
                  {"EXPIRED", "expired"},     {"UNSPECIFIED", "unknown"},
                  {"SUCCEEDED", "completed"}, {"PARTIALLY_SUCCEEDED", "completed"}};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        static const char *const prefixes[] = {"JOB_STATE_", "BATCH_STATE_"};
        for (size_t k = 0; k < 2; k++) {
            char answer[256], told[256];
            snprintf(answer, sizeof answer, JOB("%s%s", ",\"done\":true"), prefixes[k],
                     states[i].word);
            snprintf(told, sizeof told, NAMED "%s|%s%s|" UNKNOWN, states[i].name, prefixes[k],
                     states[i].word);
            expect_job(s, answer, told);
        }
    }
    expect_sent(s, 0, "GET /v1beta/batches/the-job");
}

/* A job may report success before its results are there. The authors of ellmer.extensions and other
 * clients saw such answers, and continue to poll. */
static void a_job_has_succeeded_when_its_results_are_there(scene *s)
{
    expect_job(s, JOB("BATCH_STATE_SUCCEEDED", ""), NAMED "running|BATCH_STATE_SUCCEEDED|" UNKNOWN);
    expect_job(s, JOB("BATCH_STATE_SUCCEEDED", ",\"response\":{\"responsesFile\":\"files/r\"}"),
               NAMED "completed|BATCH_STATE_SUCCEEDED|" UNKNOWN);
}

/* Google's page on the Batch API: such a job "will not have any results to retrieve". */
static void a_job_that_was_cut_short_has_only_the_answers_that_it_gives_out(scene *s)
{
#define CUT(word, more)                                                                       \
    "{\"name\":\"batches/b\",\"done\":true,\"metadata\":{\"state\":\"BATCH_STATE_" word "\"," \
    "\"batchStats\":{\"requestCount\":\"5\",\"successfulRequestCount\":\"2\"}}" more "}"
    expect_job(s, CUT("EXPIRED", ""), NAMED "expired|BATCH_STATE_EXPIRED||5 0 0|0 0 0");
    expect_job(s, CUT("CANCELLED", ""), NAMED "cancelled|BATCH_STATE_CANCELLED||5 0 0|0 0 0");
    expect_job(s, CUT("CANCELLED", ",\"response\":{\"responsesFile\":\"files/r\"}"),
               NAMED "cancelled|BATCH_STATE_CANCELLED||5 2 0|0 0 0");
#undef CUT
}

static void a_job_tells_why_it_failed(scene *s)
{
    expect_job(s,
               JOB("BATCH_STATE_FAILED", ",\"done\":true,\"error\":{\"code\":3,\"message\":"
                                         "\"line 2 is no JSON\"}"),
               NAMED "failed|BATCH_STATE_FAILED|line 2 is no JSON" UNKNOWN);
}

/* The codes are those of google.rpc.Code (google/rpc/code.proto). */
static void a_job_tells_the_kind_of_failure(scene *s)
{
    static const struct {
        const char *error;
        int code;
    } cases[] = {
        {"{\"code\":8,\"message\":\"busy\"}", BELUGA_ERROR_RATE_LIMIT},
        {"{\"code\":13,\"message\":\"Internal error encountered.\"}", BELUGA_ERROR_INTERNAL},
        {"{\"code\":3,\"message\":\"line 2 is no JSON\"}", BELUGA_ERROR_INVALID_REQUEST},
        {"null", BELUGA_ERROR_INVALID_REQUEST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        beluga_batch_job *job;
        snprintf(
            body, sizeof body,
            "{\"name\":\"batches/b\",\"metadata\":{\"state\":\"BATCH_STATE_FAILED\"},\"done\":true,"
            "\"error\":%s}",
            cases[i].error);
        script(s->peer, JSON(body));
        assert_int_equal(beluga_batch_job_get(s->model, NULL, "batches/b", &job, &s->err), 0);
        assert_int_equal(job->error_code, cases[i].code);
        beluga_free(job);
    }
}

static void a_job_is_cancelled_and_looked_at(scene *s)
{
    beluga_batch_job *job;
    script(s->peer, JSON("{}"));
    script(s->peer, JSON(JOB("BATCH_STATE_CANCELLED", ",\"done\":true,\"error\":{\"code\":1}")));
    assert_int_equal(beluga_batch_job_cancel(s->model, NULL, "batches/b", &job, &s->err), 0);
    assert_int_equal(job->state, BELUGA_BATCH_STATE_CANCELLED);
    beluga_free(job);
    expect_sent(s, 0, "POST /v1beta/batches/b:cancel");
    assert_string_equal(peer_request_header(s->peer, 0, "content-length"), "0");
    assert_null(peer_request_header(s->peer, 0, "content-type"));
    expect_sent(s, 1, "GET /v1beta/batches/b");
}

static void jobs_are_listed_page_by_page(scene *s)
{
    beluga_batch_job *jobs;
    size_t n;
    script(s->peer, JSON("{\"operations\":[" PENDING "],\"nextPageToken\":\"more/1\"}"));
    script(s->peer, JSON("{}"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err), 0);
    assert_int_equal(n, 1);
    assert_job(jobs, PENDING_TOLD);
    beluga_free(jobs);
    expect_sent(s, 0, "GET /v1beta/batches?pageSize=100");
    expect_sent(s, 1, "GET /v1beta/batches?pageSize=100&pageToken=more%2F1");
}

static void what_is_no_job_is_no_answer(scene *s)
{
    beluga_batch_job *job, *jobs;
    size_t n;
    script(s->peer, JSON("{\"state\":\"BATCH_STATE_RUNNING\"}"));
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "b", &job, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    script(s->peer, JSON("[1]"));
    assert_int_equal(beluga_batch_job_list(s->model, NULL, 0, &jobs, &n, &s->err),
                     BELUGA_ERROR_INVALID_RESPONSE);
    assert_int_equal(beluga_batch_job_get(s->model, NULL, "batches/../models", &job, &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
}

/* ---- deleting -------------------------------------------------------------------------------- */

#define ENDED_WITH(file)                                                                 \
    "{\"name\":\"batches/b\",\"metadata\":{\"inputConfig\":{\"fileName\":\"files/in\"}," \
    "\"output\":{\"responsesFile\":\"" file "\"},\"state\":\"BATCH_STATE_SUCCEEDED\"},"  \
    "\"done\":true,\"response\":{\"responsesFile\":\"" file "\"}}"
#define LONG_NAME "files/batch-3a96ht58d9rd3fci7tg3qlrhlfawe5ykp6ge"

static void the_files_of_a_job_are_deleted_and_then_the_job(scene *s)
{
    script(s->peer, JSON(ENDED_WITH("files/out")));
    script(s->peer, REPEATS(3), JSON("{}"));
    if (beluga_batch_job_delete(s->model, NULL, "batches/b", &s->err))
        fail_msg("%s", s->err.message);
    assert_int_equal(peer_requests(s->peer), 4);
    expect_sent(s, 0, "GET /v1beta/batches/b");
    expect_sent(s, 1, "DELETE /v1beta/files/out");
    expect_sent(s, 2, "DELETE /v1beta/files/in");
    expect_sent(s, 3, "DELETE /v1beta/batches/b");
}

/* The API refuses this with "File ID (name excluding 'files/') cannot be more than 40 characters"
 * (python-genai, issue 1759). */
static void a_file_that_the_api_cannot_delete_is_left(scene *s)
{
    script(s->peer, JSON(ENDED_WITH(LONG_NAME)));
    script(s->peer, REPEATS(2), JSON("{}"));
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "b", &s->err), 0);
    assert_int_equal(peer_requests(s->peer), 3);
    expect_sent(s, 1, "DELETE /v1beta/files/in");
    expect_sent(s, 2, "DELETE /v1beta/batches/b");
}

/* python-genai 3.6.1: files.py (GET files with pageSize and pageToken), types.py (File). An empty
 * list is {}. */
static void files_are_found_by_their_name_on_any_page(scene *s)
{
    script(s->peer, JSON("{\"files\":[{\"name\":\"files/1\",\"displayName\":\"other\"}],"
                         "\"nextPageToken\":\"p2\"}"));
    script(s->peer, JSON("{\"files\":[{\"name\":\"files/2\"},"
                         "{\"name\":\"files/3\",\"displayName\":\"a-name\"}]}"));
    script(s->peer, REPEATS(3), JSON("{}"));
    if (beluga_batch_job_sweep(s->model, NULL, "a-name", &s->err)) fail_msg("%s", s->err.message);
    assert_int_equal(peer_requests(s->peer), 4);
    expect_sent(s, 0, "GET /v1beta/files?pageSize=100");
    expect_sent(s, 1, "GET /v1beta/files?pageSize=100&pageToken=p2");
    expect_sent(s, 2, "DELETE /v1beta/files/3");
    expect_sent(s, 3, "GET /v1beta/files?pageSize=100");
    assert_int_equal(beluga_batch_job_sweep(s->model, NULL, "a-name", &s->err), 0);
}

#define FILE_NAMED(id) "{\"name\":\"files/" id "\",\"displayName\":\"a-name\"}"

static void all_files_with_a_name_are_found(scene *s)
{
    script(s->peer,
           JSON("{\"files\":[" FILE_NAMED("1") "," FILE_NAMED("2") "," FILE_NAMED("3") "]}"));
    script(s->peer, REPEATS(2), JSON("{}"));
    script(s->peer, JSON("{\"files\":[" FILE_NAMED("3") "]}"));
    script(s->peer, JSON("{}"));
    script(s->peer, JSON("{\"files\":[" FILE_NAMED("3") "]}")); /* although it was deleted */
    if (beluga_batch_job_sweep(s->model, NULL, "a-name", &s->err)) fail_msg("%s", s->err.message);
    assert_int_equal(peer_requests(s->peer), 6);
    expect_sent(s, 4, "DELETE /v1beta/files/3");
}

static void a_job_that_runs_is_not_deleted(scene *s)
{
    script(s->peer, JSON(PENDING));
    assert_int_equal(beluga_batch_job_delete(s->model, NULL, "b", &s->err),
                     BELUGA_ERROR_INVALID_INPUT);
    assert_int_equal(peer_requests(s->peer), 1);
}

/* ---- results --------------------------------------------------------------------------------- */

#define RESPONSE(text)                                                                         \
    "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"" text "\"},{\"thoughtSignature\":" \
    "\"El4KXAERTTIP\"}],\"role\":\"model\"},\"finishReason\":\"STOP\",\"index\":0}],"          \
    "\"usageMetadata\":{\"promptTokenCount\":1427,\"candidatesTokenCount\":144,"               \
    "\"totalTokenCount\":1571},\"modelVersion\":\"gemini-3.5-flash-lite\",\"responseId\":"     \
    "\"CV-Haon5MNuA_PUP95Gg2Q4\"}"
#define LINE(id, text) "{\"response\":" RESPONSE(text) ",\"key\":\"" id "\"}\n"
#define FAILED(id, code, why) \
    "{\"key\":\"" id "\",\"error\":{\"code\":" #code ",\"message\":\"" why "\"}}\n"
#define JSONL HEAD(200, "Content-Type: application/octet-stream\r\n")

static void results_are_lines_of_the_file_that_is_told(scene *s)
{
    script(s->peer, JSON(ENDED_WITH(LONG_NAME)));
    script(s->peer, JSONL,
           BODY(LINE("r-1", "Hello") FAILED("r-0", 3, "bad") FAILED("r-2", 8, "slow") FAILED(
               "r-3", 14, "busy") FAILED("r-4", 429, "slow") "{\"key\":\"r-5\",\"error\":{\"code\":"
                                                             "403,\"message\":\"no\",\"status\":"
                                                             "\"PERMISSION_DENIED\"}}\n"
                                                             "{\"key\":\"r-6\"}\n"));
    expect_results(s, 0,
                   "r-1=[Hello] r-0=!invalid_request/INVALID_ARGUMENT "
                   "r-2=!rate_limit/RESOURCE_EXHAUSTED+ r-3=!overloaded/UNAVAILABLE+ "
                   "r-4=!rate_limit/429+ r-5=!authorization_error/PERMISSION_DENIED "
                   "r-6=!invalid_response/ ");
    expect_sent(s, 0, "GET /v1beta/batches/the-job");
    expect_sent(s, 1, "GET /download/v1beta/" LONG_NAME ":download?alt=media");
    assert_string_equal(peer_request_header(s->peer, 1, "x-goog-api-key"), "the-key");
}

/* In a job that was cancelled or expired, an error of a line shows how the job ended. In a job that
 * succeeded, the same error belongs to the line alone, and the line may be tried again. */
static void lines_that_were_cut_tell_it_by_the_end_of_their_job(scene *s)
{
    static const struct {
        const char *state, *told;
    } ends[] = {{"BATCH_STATE_CANCELLED",
                 "r-0=[Hi] r-1=!context_canceled/cancelled r-2=!context_canceled/cancelled "},
                {"BATCH_STATE_EXPIRED", "r-0=[Hi] r-1=!timeout/expired+ r-2=!timeout/expired+ "},
                {"BATCH_STATE_SUCCEEDED",
                 "r-0=[Hi] r-1=!internal_error/CANCELLED+ r-2=!timeout/DEADLINE_EXCEEDED+ "}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char answer[256];
        snprintf(answer, sizeof answer,
                 JOB("%s", ",\"done\":true,\"response\":{\"responsesFile\":\"files/r\"}"),
                 ends[i].state);
        script(s->peer, JSON(answer));
        script(s->peer, JSONL,
               BODY(LINE("r-0", "Hi") FAILED("r-1", 1, "The operation was cancelled.")
                        FAILED("r-2", 4, "late")));
        expect_results(s, 0, ends[i].told);
    }
}

#define INLINED                                                \
    "[{\"metadata\":{\"key\":\"r-0\"},\"response\":" RESPONSE( \
        "Hello") "},"                                          \
                 "{\"metadata\":{\"key\":\"r-1\"},\"error\":{\"code\":13,\"message\":\"oh\"}}]"
#define WITH_INLINED(list) \
    JOB("BATCH_STATE_SUCCEEDED", ",\"done\":true,\"response\":{\"inlinedResponses\":" list "}")

static void results_may_stand_in_the_job(scene *s)
{
    script(s->peer, JSON(WITH_INLINED("{\"inlinedResponses\":" INLINED "}")));
    expect_results(s, 0, "r-0=[Hello] r-1=!internal_error/INTERNAL+ ");
    script(s->peer, JSON(WITH_INLINED(INLINED)));
    expect_results(s, 0, "r-0=[Hello] r-1=!internal_error/INTERNAL+ ");
    assert_int_equal(peer_requests(s->peer), 2);
}

static void a_job_without_results_has_none(scene *s)
{
    script(s->peer, JSON(PENDING));
    expect_results(s, BELUGA_ERROR_INVALID_INPUT, "");
    assert_string_equal(s->err.message,
                        "the batch job has not ended: its results are available when it has ended");
    script(s->peer, JSON(JOB("BATCH_STATE_FAILED", ",\"done\":true,\"error\":{\"code\":3}")));
    expect_results(s, 0, "");
}

static void results_that_are_cut_are_no_results(scene *s)
{
    script(s->peer, JSON(ENDED_WITH("files/out")));
    script(s->peer, JSONL, BODY(LINE("r-0", "Hi") "{\"key\":\"r-1\",\"resp"), CLOSES);
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "r-0=[Hi] ");
    script(s->peer, JSON(ENDED_WITH("files/out")));
    script(s->peer, JSONL, BODY("{\"response\":" RESPONSE("Hi") "}\n"));
    expect_results(s, BELUGA_ERROR_MALFORMED_RESPONSE, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH(a_job_is_made_of_a_file_that_is_uploaded_first),
        BATCH(a_job_may_embed_texts),
        BATCH(a_line_embeds_one_text),
        BATCH(another_server_gets_the_file_and_no_key),
        BATCH(an_upload_that_fails_makes_no_job),
        BATCH(a_job_without_room_may_have_it_later),
        BATCH(a_job_has_one_model),
        BATCH(vertex_ai_has_no_batch_api_here),
        BATCH(states_have_two_words_each),
        BATCH(a_job_has_succeeded_when_its_results_are_there),
        BATCH(a_job_that_was_cut_short_has_only_the_answers_that_it_gives_out),
        BATCH(a_job_tells_why_it_failed),
        BATCH(a_job_tells_the_kind_of_failure),
        BATCH(a_job_is_cancelled_and_looked_at),
        BATCH(jobs_are_listed_page_by_page),
        BATCH(what_is_no_job_is_no_answer),
        BATCH(the_files_of_a_job_are_deleted_and_then_the_job),
        BATCH(a_file_that_the_api_cannot_delete_is_left),
        BATCH(files_are_found_by_their_name_on_any_page),
        BATCH(all_files_with_a_name_are_found),
        BATCH(a_job_that_runs_is_not_deleted),
        BATCH(results_are_lines_of_the_file_that_is_told),
        BATCH(lines_that_were_cut_tell_it_by_the_end_of_their_job),
        BATCH(results_may_stand_in_the_job),
        BATCH(a_job_without_results_has_none),
        BATCH(results_that_are_cut_are_no_results),
    };
    return cmocka_run_group_tests_name("gemini_batch", tests, NULL, NULL);
}
