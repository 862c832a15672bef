/* A client whose memory belongs to the host program, as in a database extension: an area that is
 * freed as a whole.
 *
 * The area must not be freed before the client has stopped using it, and a cancelled call may leave
 * a thread that ends late. So the client is closed first: when closing returns 0, every block is
 * freed and nothing uses the area again. */
#include <beluga/beluga.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A real host program would hand out blocks of one mapping; this one counts blocks that malloc
 * returns. */
typedef struct area {
    pthread_mutex_t lock;
    size_t blocks, taken;
} area;

static void count(area *a, size_t taken, size_t given_back)
{
    pthread_mutex_lock(&a->lock);
    a->blocks += taken;
    a->blocks -= given_back;
    a->taken += taken;
    pthread_mutex_unlock(&a->lock);
}

static void *area_alloc(void *payload, size_t size)
{
    void *block = malloc(size);
    if (block) count(payload, 1, 0);
    return block;
}

static void *area_resize(void *payload, void *pointer, size_t old_size, size_t size)
{
    void *block = realloc(pointer, size);
    (void)old_size;
    if (block && !pointer) count(payload, 1, 0);
    return block;
}

static void area_release(void *payload, void *pointer)
{
    if (pointer) count(payload, 0, 1);
    free(pointer);
}

static int ask(beluga_client *client, const char *question)
{
    beluga_error err;
    beluga_chat_model *model;
    beluga_response *response;
    beluga_config *config = beluga_config_new(beluga_with_model_name("echo"));
    int status = beluga_registry_open(beluga_client_registry(client), "mock", config, &model, &err);
    beluga_config_free(config);
    if (!status) {
        status = beluga_invoke(model, NULL, beluga_input_text(question), &response, &err);
        if (!status) printf("answer: %s\n", beluga_response_text(response, NULL));
        beluga_response_free(response);
        beluga_chat_model_unref(model);
    }
    if (status) fprintf(stderr, "%s\n", err.message);
    return status;
}

int main(void)
{
    beluga_error err;
    beluga_client *client;
    area *a = calloc(1, sizeof *a);
    if (!a) return 1;
    pthread_mutex_init(&a->lock, NULL);
    const beluga_allocator allocator = {area_alloc, area_resize, area_release, a};
    const beluga_client_settings settings = {.size = sizeof settings, .allocator = &allocator};
    if (beluga_client_new(&settings, &client)) return 1;
    int status = ask(client, "Whose memory is this?");

    if (beluga_client_close(client, 5000, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1; /* keep the memory: a thread may still use it */
    }
    printf("%s\n", a->taken && !a->blocks ? "every block is back" : "blocks are missing");
    pthread_mutex_destroy(&a->lock);
    free(a);
    return status ? 1 : 0;
}
