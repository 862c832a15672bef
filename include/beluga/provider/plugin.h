/**
 * @file provider/plugin.h
 * Plug-ins: providers as shared objects that the library loads. The same source can also be linked
 * into a program.
 *
 * If BELUGA_PLUGIN is defined (`pkg-config --cflags beluga-provider` does this), every library
 * function that a provider needs is called through a table that the library passes to the plug-in,
 * and BELUGA_REGISTER_PROVIDER exports one symbol. So the shared object does not link to the
 * library, and can still be loaded after the library was replaced.
 *
 *     cc -shared -fPIC acme.c $(pkg-config --cflags beluga-provider) -o acme.so
 *     beluga --plugin ./acme.so -m acme/acme-1 Hello
 *
 * If BELUGA_PLUGIN is not defined, the same source is linked into a program and calls the library
 * directly. provider.h includes this header when it is needed, so a provider's source need not
 * include it.
 *
 * In a plug-in the library's functions are macros. They can be called as usual, but are not
 * constants: `.close = beluga_free` in a static table does not compile, so write a function of your
 * own that calls it.
 *
 * The library promises that a plug-in built with the headers of one version loads into every later
 * version of the same BELUGA_PROVIDER_ABI. A plug-in that was built with later headers than the
 * library's is refused with a message that says so. So build a plug-in with the headers of the
 * oldest library that should load it.
 */
#ifndef BELUGA_PROVIDER_PLUGIN_H
#define BELUGA_PROVIDER_PLUGIN_H

#include <beluga/allocator.h>
#include <beluga/provider/provider.h>
#include <beluga/version.h>

/**
 * The functions that a plug-in may call, in the order of the table. Entries are only appended: none
 * is moved, changed or removed while BELUGA_PROVIDER_ABI is the same. Each function has a macro
 * below.
 */
/* clang-format off */
#define BELUGA_PLUGIN_FUNCTION_MAP(XX)                                                             \
    XX(beluga_call_provider) XX(beluga_call_model) XX(beluga_call_is_streamed)                     \
    XX(beluga_call_message_count) XX(beluga_call_message) XX(beluga_call_tool_count)               \
    XX(beluga_call_tool) XX(beluga_call_page) XX(beluga_call_context)                              \
    XX(beluga_call_get_double) XX(beluga_call_get_int) XX(beluga_call_get_bool)                    \
    XX(beluga_call_get_string) XX(beluga_call_get_item) XX(beluga_call_has_own)                    \
    XX(beluga_call_get_own_string) XX(beluga_call_get_own_int) XX(beluga_call_get_own_double)      \
    XX(beluga_call_get_own_bool) XX(beluga_emit_call) XX(beluga_emit_text)                         \
    XX(beluga_emit_reasoning) XX(beluga_emit_reasoning_signature) XX(beluga_emit_reasoning_end)    \
    XX(beluga_emit_tool_call_begin) XX(beluga_emit_tool_call_delta)                                \
    XX(beluga_emit_tool_call_end) XX(beluga_emit_tool_call) XX(beluga_emit_metadata)               \
    XX(beluga_emit_usage) XX(beluga_emit_warning) XX(beluga_emit_finish) XX(beluga_emit_error)     \
    XX(beluga_emit_failure) XX(beluga_emit_model) XX(beluga_emit_next_page)                        \
    XX(beluga_emit_parse) XX(beluga_emit_json_text) XX(beluga_emit_alloc) XX(beluga_emit_after)    \
    XX(beluga_emit_run_blocking) XX(beluga_emit_random) XX(beluga_http_request_set_method)         \
    XX(beluga_http_request_set_path) XX(beluga_http_request_set_url)                               \
    XX(beluga_http_request_add_query) XX(beluga_http_request_set_header)                           \
    XX(beluga_http_request_json) XX(beluga_http_request_warn) XX(beluga_http_request_method)       \
    XX(beluga_http_request_url) XX(beluga_http_request_body) XX(beluga_http_request_header)        \
    XX(beluga_http_response_status) XX(beluga_http_response_header)                                \
    XX(beluga_http_response_body) XX(beluga_json_parse) XX(beluga_json_doc_free)                   \
    XX(beluga_json_doc_root) XX(beluga_json_get) XX(beluga_json_at) XX(beluga_json_count)          \
    XX(beluga_json_first) XX(beluga_json_next) XX(beluga_json_key) XX(beluga_json_is_object)       \
    XX(beluga_json_is_array) XX(beluga_json_is_string) XX(beluga_json_is_number)                   \
    XX(beluga_json_is_null) XX(beluga_json_string) XX(beluga_json_int) XX(beluga_json_double)      \
    XX(beluga_json_bool) XX(beluga_json_get_string) XX(beluga_json_get_int)                        \
    XX(beluga_json_text) XX(beluga_json_begin_object) XX(beluga_json_end_object)                   \
    XX(beluga_json_begin_array) XX(beluga_json_end_array) XX(beluga_json_put_string)               \
    XX(beluga_json_put_string_n) XX(beluga_json_put_int) XX(beluga_json_put_double)                \
    XX(beluga_json_put_bool) XX(beluga_json_put_null) XX(beluga_json_put_raw)                      \
    XX(beluga_json_put_base64) XX(beluga_json_writer_new) XX(beluga_json_writer_free)              \
    XX(beluga_json_writer_text) XX(beluga_message_is_tool_error) XX(beluga_message_role)           \
    XX(beluga_message_count) XX(beluga_message_part) XX(beluga_message_text)                       \
    XX(beluga_message_tool_call_id) XX(beluga_tool_name) XX(beluga_tool_description)               \
    XX(beluga_tool_parameters) XX(beluga_tool_is_strict) XX(beluga_config_get_string)              \
    XX(beluga_config_get_int) XX(beluga_config_get_double) XX(beluga_config_get_own_string)        \
    XX(beluga_config_get_own_int) XX(beluga_config_get_own_double)                                 \
    XX(beluga_context_is_cancelled) XX(beluga_context_remaining_ms)                                \
    XX(beluga_context_traceparent) XX(beluga_context_ref) XX(beluga_context_unref)                 \
    XX(beluga_error_name) XX(beluga_error_text) XX(beluga_error_code_from_name)                    \
    XX(beluga_error_set) XX(beluga_error_set_provider_code) XX(beluga_error_set_cause)             \
    XX(beluga_error_wrap) XX(beluga_error_from_http) XX(beluga_error_is_retryable)                 \
    XX(beluga_error_format) XX(beluga_option_get_info) XX(beluga_finish_reason_name)               \
    XX(beluga_allocator_default) XX(beluga_free) XX(beluga_version_string)                         \
    XX(beluga_version_number) XX(beluga_capability_name) XX(beluga_emit_media)                     \
    XX(beluga_emit_media_base64) XX(beluga_emit_media_url) XX(beluga_span_set_string)              \
    XX(beluga_span_set_int) XX(beluga_span_set_double) XX(beluga_span_set_bool)                    \
    XX(beluga_counter_add) XX(beluga_histogram_record) XX(beluga_emit_state)                       \
    XX(beluga_call_get_state) XX(beluga_emit_is_cancelled) XX(beluga_json_pick)                    \
    XX(beluga_http_encode_segment) XX(beluga_http_request_set_body)                                \
    XX(beluga_http_request_add_form_field) XX(beluga_http_request_add_part)                        \
    XX(beluga_token_set) XX(beluga_token_parse) XX(beluga_call_self) XX(beluga_emit_response)      \
    XX(beluga_emit_next_request) XX(beluga_http_request_token) XX(beluga_http_request_state)       \
    XX(beluga_call_has) XX(beluga_http_request_put_options) XX(beluga_http_request_put_option)     \
    XX(beluga_json_begin_string) XX(beluga_json_add_text) XX(beluga_json_add_format)               \
    XX(beluga_json_end_string) XX(beluga_emit_attach) XX(beluga_emit_detach)                       \
    XX(beluga_emit_has_room) XX(beluga_prompt_format_find) XX(beluga_http_request_put_prompt)      \
    XX(beluga_error_set_text) XX(beluga_http_request_warn_text) XX(beluga_emit_warning_text)       \
    XX(beluga_emit_failure_text) XX(beluga_usage_init) XX(beluga_config_get_own_bool)              \
    XX(beluga_call_kind) XX(beluga_call_input_count) XX(beluga_call_input)                         \
    XX(beluga_emit_embedding) XX(beluga_emit_embedding_base64) XX(beluga_emit_embedding_json)      \
    XX(beluga_emit_token_count) XX(beluga_emit_model_info) XX(beluga_emit_resolve_url)             \
    XX(beluga_http_request_set_client_credentials) XX(beluga_call_batch_id)                        \
    XX(beluga_call_batch_name) XX(beluga_call_batch_requests) XX(beluga_emit_batch_job)            \
    XX(beluga_emit_batch_result) XX(beluga_emit_batch_failure) XX(beluga_call_batch_kind)          \
    XX(beluga_emit_batch_embedding)
/* clang-format on */

#ifdef __cplusplus
#define BELUGA_PLUGIN_SLOT(name) decltype(::name) *name;
#else
#define BELUGA_PLUGIN_SLOT(name) __typeof__(name) *name;
#endif

BELUGA_BEGIN_DECLS

/** A function of any type; cast it to its real type before calling it. */
typedef void (*beluga_function)(void);

/**
 * The library's functions for plug-ins. Later versions append members; `size` says how many there
 * are.
 */
typedef struct beluga_plugin_host {
    size_t size;      /**< sizeof(beluga_plugin_host) in the library */
    uint32_t abi;     /**< BELUGA_PROVIDER_ABI of the library */
    uint32_t version; /**< BELUGA_VERSION_NUMBER of the library */
    /**
     * Return the library's function of this name, which must be cast to its type. It is meant for
     * plug-ins in languages that can't include this header, and for functions that an older library
     * may lack.
     * @return NULL if there is no such function. Threads: any.
     */
    beluga_function (*find)(const char *name);
    BELUGA_PLUGIN_FUNCTION_MAP(BELUGA_PLUGIN_SLOT)
} beluga_plugin_host;

#undef BELUGA_PLUGIN_SLOT

/**
 * The one symbol that a plug-in exports, named `beluga_plugin_main`. Later versions append members;
 * the first three members never change.
 */
typedef struct beluga_plugin {
    size_t size;      /**< sizeof(beluga_plugin) */
    uint32_t abi;     /**< BELUGA_PROVIDER_ABI of the plug-in's headers */
    uint32_t version; /**< BELUGA_VERSION_NUMBER of the plug-in's headers */
    size_t host_size; /**< sizeof(beluga_plugin_host) in the plug-in's headers */
    /** The library writes the address of its table here, before any code of the plug-in runs. */
    const beluga_plugin_host **host;
    /** tables of its providers, ended by NULL; at most 64 */
    const beluga_provider *const *providers;
    /**
     * Set up state that the plug-in's providers share. It is called once in a process, before any
     * of them is registered. NULL: not needed.
     * @return 0; or a negative code with detail in `err`: none of the plug-in's providers is then
     * registered.
     */
    int (*init)(beluga_error *err);
    void *reserved[4];
} beluga_plugin;

BELUGA_END_DECLS

#ifdef BELUGA_PLUGIN

BELUGA_BEGIN_DECLS
/**
 * The library's table, which is set before any function of the plug-in runs. All source files of a
 * plug-in share it.
 */
extern const beluga_plugin_host *beluga_plugin_functions __attribute__((visibility("hidden")));
/** The one symbol of a plug-in; BELUGA_PLUGIN_PROVIDERS defines it. */
BELUGA_API extern const beluga_plugin beluga_plugin_main;
BELUGA_END_DECLS

/**
 * Define the plug-in: its `init` function or NULL, and then the addresses of its providers' tables.
 * Write it once, outside of functions, without a semicolon.
 *
 *     BELUGA_PLUGIN_PROVIDERS(set_up, &acme, &acme_batch)
 *
 * For one table without an `init` function BELUGA_REGISTER_PROVIDER does the same.
 */
#define BELUGA_PLUGIN_PROVIDERS(initialize, ...)                                      \
    const beluga_plugin_host *beluga_plugin_functions;                                \
    static const beluga_provider *const beluga_plugin_tables[] = {__VA_ARGS__, NULL}; \
    const beluga_plugin beluga_plugin_main = {sizeof(beluga_plugin),                  \
                                              BELUGA_PROVIDER_ABI,                    \
                                              BELUGA_VERSION_NUMBER,                  \
                                              sizeof(beluga_plugin_host),             \
                                              &beluga_plugin_functions,               \
                                              beluga_plugin_tables,                   \
                                              initialize,                             \
                                              {NULL, NULL, NULL, NULL}};

/**
 * Define a plug-in with one provider. provider.h has the definition for sources that are linked
 * into a program.
 */
#define BELUGA_REGISTER_PROVIDER(function, table) BELUGA_PLUGIN_PROVIDERS(NULL, &(table))

/* Macros that call each function of the table by its usual name. */
#define beluga_call_provider            beluga_plugin_functions->beluga_call_provider
#define beluga_call_model               beluga_plugin_functions->beluga_call_model
#define beluga_call_is_streamed         beluga_plugin_functions->beluga_call_is_streamed
#define beluga_call_message_count       beluga_plugin_functions->beluga_call_message_count
#define beluga_call_message             beluga_plugin_functions->beluga_call_message
#define beluga_call_tool_count          beluga_plugin_functions->beluga_call_tool_count
#define beluga_call_tool                beluga_plugin_functions->beluga_call_tool
#define beluga_call_page                beluga_plugin_functions->beluga_call_page
#define beluga_call_context             beluga_plugin_functions->beluga_call_context
#define beluga_call_get_double          beluga_plugin_functions->beluga_call_get_double
#define beluga_call_get_int             beluga_plugin_functions->beluga_call_get_int
#define beluga_call_get_bool            beluga_plugin_functions->beluga_call_get_bool
#define beluga_call_get_string          beluga_plugin_functions->beluga_call_get_string
#define beluga_call_get_item            beluga_plugin_functions->beluga_call_get_item
#define beluga_call_has_own             beluga_plugin_functions->beluga_call_has_own
#define beluga_call_get_own_string      beluga_plugin_functions->beluga_call_get_own_string
#define beluga_call_get_own_int         beluga_plugin_functions->beluga_call_get_own_int
#define beluga_call_get_own_double      beluga_plugin_functions->beluga_call_get_own_double
#define beluga_call_get_own_bool        beluga_plugin_functions->beluga_call_get_own_bool
#define beluga_emit_call                beluga_plugin_functions->beluga_emit_call
#define beluga_emit_text                beluga_plugin_functions->beluga_emit_text
#define beluga_emit_reasoning           beluga_plugin_functions->beluga_emit_reasoning
#define beluga_emit_reasoning_signature beluga_plugin_functions->beluga_emit_reasoning_signature
#define beluga_emit_reasoning_end       beluga_plugin_functions->beluga_emit_reasoning_end
#define beluga_emit_tool_call_begin     beluga_plugin_functions->beluga_emit_tool_call_begin
#define beluga_emit_tool_call_delta     beluga_plugin_functions->beluga_emit_tool_call_delta
#define beluga_emit_tool_call_end       beluga_plugin_functions->beluga_emit_tool_call_end
#define beluga_emit_tool_call           beluga_plugin_functions->beluga_emit_tool_call
#define beluga_emit_metadata            beluga_plugin_functions->beluga_emit_metadata
#define beluga_emit_usage               beluga_plugin_functions->beluga_emit_usage
#define beluga_emit_warning             beluga_plugin_functions->beluga_emit_warning
#define beluga_emit_finish              beluga_plugin_functions->beluga_emit_finish
#define beluga_emit_error               beluga_plugin_functions->beluga_emit_error
#define beluga_emit_failure             beluga_plugin_functions->beluga_emit_failure
#define beluga_emit_model               beluga_plugin_functions->beluga_emit_model
#define beluga_emit_next_page           beluga_plugin_functions->beluga_emit_next_page
#define beluga_emit_parse               beluga_plugin_functions->beluga_emit_parse
#define beluga_emit_json_text           beluga_plugin_functions->beluga_emit_json_text
#define beluga_emit_alloc               beluga_plugin_functions->beluga_emit_alloc
#define beluga_emit_after               beluga_plugin_functions->beluga_emit_after
#define beluga_emit_run_blocking        beluga_plugin_functions->beluga_emit_run_blocking
#define beluga_emit_random              beluga_plugin_functions->beluga_emit_random
#define beluga_http_request_set_method  beluga_plugin_functions->beluga_http_request_set_method
#define beluga_http_request_set_path    beluga_plugin_functions->beluga_http_request_set_path
#define beluga_http_request_set_url     beluga_plugin_functions->beluga_http_request_set_url
#define beluga_http_request_add_query   beluga_plugin_functions->beluga_http_request_add_query
#define beluga_http_request_set_header  beluga_plugin_functions->beluga_http_request_set_header
#define beluga_http_request_json        beluga_plugin_functions->beluga_http_request_json
#define beluga_http_request_warn        beluga_plugin_functions->beluga_http_request_warn
#define beluga_http_request_method      beluga_plugin_functions->beluga_http_request_method
#define beluga_http_request_url         beluga_plugin_functions->beluga_http_request_url
#define beluga_http_request_body        beluga_plugin_functions->beluga_http_request_body
#define beluga_http_request_header      beluga_plugin_functions->beluga_http_request_header
#define beluga_http_response_status     beluga_plugin_functions->beluga_http_response_status
#define beluga_http_response_header     beluga_plugin_functions->beluga_http_response_header
#define beluga_http_response_body       beluga_plugin_functions->beluga_http_response_body
#define beluga_json_parse               beluga_plugin_functions->beluga_json_parse
#define beluga_json_doc_free            beluga_plugin_functions->beluga_json_doc_free
#define beluga_json_doc_root            beluga_plugin_functions->beluga_json_doc_root
#define beluga_json_get                 beluga_plugin_functions->beluga_json_get
#define beluga_json_at                  beluga_plugin_functions->beluga_json_at
#define beluga_json_count               beluga_plugin_functions->beluga_json_count
#define beluga_json_first               beluga_plugin_functions->beluga_json_first
#define beluga_json_next                beluga_plugin_functions->beluga_json_next
#define beluga_json_key                 beluga_plugin_functions->beluga_json_key
#define beluga_json_is_object           beluga_plugin_functions->beluga_json_is_object
#define beluga_json_is_array            beluga_plugin_functions->beluga_json_is_array
#define beluga_json_is_string           beluga_plugin_functions->beluga_json_is_string
#define beluga_json_is_number           beluga_plugin_functions->beluga_json_is_number
#define beluga_json_is_null             beluga_plugin_functions->beluga_json_is_null
#define beluga_json_string              beluga_plugin_functions->beluga_json_string
#define beluga_json_int                 beluga_plugin_functions->beluga_json_int
#define beluga_json_double              beluga_plugin_functions->beluga_json_double
#define beluga_json_bool                beluga_plugin_functions->beluga_json_bool
#define beluga_json_get_string          beluga_plugin_functions->beluga_json_get_string
#define beluga_json_get_int             beluga_plugin_functions->beluga_json_get_int
#define beluga_json_text                beluga_plugin_functions->beluga_json_text
#define beluga_json_begin_object        beluga_plugin_functions->beluga_json_begin_object
#define beluga_json_end_object          beluga_plugin_functions->beluga_json_end_object
#define beluga_json_begin_array         beluga_plugin_functions->beluga_json_begin_array
#define beluga_json_end_array           beluga_plugin_functions->beluga_json_end_array
#define beluga_json_put_string          beluga_plugin_functions->beluga_json_put_string
#define beluga_json_put_string_n        beluga_plugin_functions->beluga_json_put_string_n
#define beluga_json_put_int             beluga_plugin_functions->beluga_json_put_int
#define beluga_json_put_double          beluga_plugin_functions->beluga_json_put_double
#define beluga_json_put_bool            beluga_plugin_functions->beluga_json_put_bool
#define beluga_json_put_null            beluga_plugin_functions->beluga_json_put_null
#define beluga_json_put_raw             beluga_plugin_functions->beluga_json_put_raw
#define beluga_json_put_base64          beluga_plugin_functions->beluga_json_put_base64
#define beluga_json_writer_new          beluga_plugin_functions->beluga_json_writer_new
#define beluga_json_writer_free         beluga_plugin_functions->beluga_json_writer_free
#define beluga_json_writer_text         beluga_plugin_functions->beluga_json_writer_text
#define beluga_message_is_tool_error    beluga_plugin_functions->beluga_message_is_tool_error
#define beluga_message_role             beluga_plugin_functions->beluga_message_role
#define beluga_message_count            beluga_plugin_functions->beluga_message_count
#define beluga_message_part             beluga_plugin_functions->beluga_message_part
#define beluga_message_text             beluga_plugin_functions->beluga_message_text
#define beluga_message_tool_call_id     beluga_plugin_functions->beluga_message_tool_call_id
#define beluga_tool_name                beluga_plugin_functions->beluga_tool_name
#define beluga_tool_description         beluga_plugin_functions->beluga_tool_description
#define beluga_tool_parameters          beluga_plugin_functions->beluga_tool_parameters
#define beluga_tool_is_strict           beluga_plugin_functions->beluga_tool_is_strict
#define beluga_config_get_string        beluga_plugin_functions->beluga_config_get_string
#define beluga_config_get_int           beluga_plugin_functions->beluga_config_get_int
#define beluga_config_get_double        beluga_plugin_functions->beluga_config_get_double
#define beluga_config_get_own_string    beluga_plugin_functions->beluga_config_get_own_string
#define beluga_config_get_own_int       beluga_plugin_functions->beluga_config_get_own_int
#define beluga_config_get_own_double    beluga_plugin_functions->beluga_config_get_own_double
#define beluga_context_is_cancelled     beluga_plugin_functions->beluga_context_is_cancelled
#define beluga_context_remaining_ms     beluga_plugin_functions->beluga_context_remaining_ms
#define beluga_context_traceparent      beluga_plugin_functions->beluga_context_traceparent
#define beluga_context_ref              beluga_plugin_functions->beluga_context_ref
#define beluga_context_unref            beluga_plugin_functions->beluga_context_unref
#define beluga_error_name               beluga_plugin_functions->beluga_error_name
#define beluga_error_text               beluga_plugin_functions->beluga_error_text
#define beluga_error_code_from_name     beluga_plugin_functions->beluga_error_code_from_name
#define beluga_error_set                beluga_plugin_functions->beluga_error_set
#define beluga_error_set_provider_code  beluga_plugin_functions->beluga_error_set_provider_code
#define beluga_error_set_cause          beluga_plugin_functions->beluga_error_set_cause
#define beluga_error_wrap               beluga_plugin_functions->beluga_error_wrap
#define beluga_error_from_http          beluga_plugin_functions->beluga_error_from_http
#define beluga_error_is_retryable       beluga_plugin_functions->beluga_error_is_retryable
#define beluga_error_format             beluga_plugin_functions->beluga_error_format
#define beluga_option_get_info          beluga_plugin_functions->beluga_option_get_info
#define beluga_finish_reason_name       beluga_plugin_functions->beluga_finish_reason_name
#define beluga_allocator_default        beluga_plugin_functions->beluga_allocator_default
#define beluga_free                     beluga_plugin_functions->beluga_free
#define beluga_version_string           beluga_plugin_functions->beluga_version_string
#define beluga_version_number           beluga_plugin_functions->beluga_version_number
#define beluga_capability_name          beluga_plugin_functions->beluga_capability_name
#define beluga_emit_media               beluga_plugin_functions->beluga_emit_media
#define beluga_emit_media_base64        beluga_plugin_functions->beluga_emit_media_base64
#define beluga_emit_media_url           beluga_plugin_functions->beluga_emit_media_url
#define beluga_span_set_string          beluga_plugin_functions->beluga_span_set_string
#define beluga_span_set_int             beluga_plugin_functions->beluga_span_set_int
#define beluga_span_set_double          beluga_plugin_functions->beluga_span_set_double
#define beluga_span_set_bool            beluga_plugin_functions->beluga_span_set_bool
#define beluga_counter_add              beluga_plugin_functions->beluga_counter_add
#define beluga_histogram_record         beluga_plugin_functions->beluga_histogram_record
#define beluga_emit_state               beluga_plugin_functions->beluga_emit_state
#define beluga_call_get_state           beluga_plugin_functions->beluga_call_get_state
#define beluga_emit_is_cancelled        beluga_plugin_functions->beluga_emit_is_cancelled
#define beluga_json_pick                beluga_plugin_functions->beluga_json_pick
#define beluga_http_encode_segment      beluga_plugin_functions->beluga_http_encode_segment
#define beluga_http_request_set_body    beluga_plugin_functions->beluga_http_request_set_body
#define beluga_http_request_add_form_field \
    beluga_plugin_functions->beluga_http_request_add_form_field
#define beluga_http_request_add_part    beluga_plugin_functions->beluga_http_request_add_part
#define beluga_token_set                beluga_plugin_functions->beluga_token_set
#define beluga_token_parse              beluga_plugin_functions->beluga_token_parse
#define beluga_call_self                beluga_plugin_functions->beluga_call_self
#define beluga_emit_response            beluga_plugin_functions->beluga_emit_response
#define beluga_emit_next_request        beluga_plugin_functions->beluga_emit_next_request
#define beluga_http_request_token       beluga_plugin_functions->beluga_http_request_token
#define beluga_http_request_state       beluga_plugin_functions->beluga_http_request_state
#define beluga_call_has                 beluga_plugin_functions->beluga_call_has
#define beluga_http_request_put_options beluga_plugin_functions->beluga_http_request_put_options
#define beluga_http_request_put_option  beluga_plugin_functions->beluga_http_request_put_option
#define beluga_json_begin_string        beluga_plugin_functions->beluga_json_begin_string
#define beluga_json_add_text            beluga_plugin_functions->beluga_json_add_text
#define beluga_json_add_format          beluga_plugin_functions->beluga_json_add_format
#define beluga_json_end_string          beluga_plugin_functions->beluga_json_end_string
#define beluga_emit_attach              beluga_plugin_functions->beluga_emit_attach
#define beluga_emit_detach              beluga_plugin_functions->beluga_emit_detach
#define beluga_emit_has_room            beluga_plugin_functions->beluga_emit_has_room
#define beluga_prompt_format_find       beluga_plugin_functions->beluga_prompt_format_find
#define beluga_http_request_put_prompt  beluga_plugin_functions->beluga_http_request_put_prompt
#define beluga_error_set_text           beluga_plugin_functions->beluga_error_set_text
#define beluga_http_request_warn_text   beluga_plugin_functions->beluga_http_request_warn_text
#define beluga_emit_warning_text        beluga_plugin_functions->beluga_emit_warning_text
#define beluga_emit_failure_text        beluga_plugin_functions->beluga_emit_failure_text
#define beluga_usage_init               beluga_plugin_functions->beluga_usage_init
#define beluga_config_get_own_bool      beluga_plugin_functions->beluga_config_get_own_bool
#define beluga_call_kind                beluga_plugin_functions->beluga_call_kind
#define beluga_call_input_count         beluga_plugin_functions->beluga_call_input_count
#define beluga_call_input               beluga_plugin_functions->beluga_call_input
#define beluga_emit_embedding           beluga_plugin_functions->beluga_emit_embedding
#define beluga_emit_embedding_base64    beluga_plugin_functions->beluga_emit_embedding_base64
#define beluga_emit_embedding_json      beluga_plugin_functions->beluga_emit_embedding_json
#define beluga_emit_token_count         beluga_plugin_functions->beluga_emit_token_count
#define beluga_emit_model_info          beluga_plugin_functions->beluga_emit_model_info
#define beluga_emit_resolve_url         beluga_plugin_functions->beluga_emit_resolve_url
#define beluga_http_request_set_client_credentials \
    beluga_plugin_functions->beluga_http_request_set_client_credentials
#define beluga_call_batch_id        beluga_plugin_functions->beluga_call_batch_id
#define beluga_call_batch_name      beluga_plugin_functions->beluga_call_batch_name
#define beluga_call_batch_requests  beluga_plugin_functions->beluga_call_batch_requests
#define beluga_emit_batch_job       beluga_plugin_functions->beluga_emit_batch_job
#define beluga_emit_batch_result    beluga_plugin_functions->beluga_emit_batch_result
#define beluga_emit_batch_failure   beluga_plugin_functions->beluga_emit_batch_failure
#define beluga_call_batch_kind      beluga_plugin_functions->beluga_call_batch_kind
#define beluga_emit_batch_embedding beluga_plugin_functions->beluga_emit_batch_embedding
#else

/**
 * Register the providers of a source that is linked into a program: before main, `initialize` runs
 * (if it is not NULL), and the tables are registered if it returns 0.
 */
#define BELUGA_PLUGIN_PROVIDERS(initialize, ...)                           \
    __attribute__((constructor)) static void beluga_plugin_link(void)      \
    {                                                                      \
        static const beluga_provider *const tables[] = {__VA_ARGS__};      \
        static beluga_provider_node nodes[sizeof tables / sizeof *tables]; \
        int (*const init)(beluga_error *) = initialize;                    \
        beluga_error err;                                                  \
        if (init && init(&err)) return;                                    \
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {      \
            nodes[i].provider = tables[i];                                 \
            beluga_provider_link(&nodes[i]);                               \
        }                                                                  \
    }

#endif

#endif
