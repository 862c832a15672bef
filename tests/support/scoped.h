/* Variables whose object is freed at the end of their block, the last one first:
 *
 *     SCOPED(beluga_chat_model) *model = open_mock();
 *     SCOPED(beluga_stream) *stream = begin_stream(model, NULL);
 *
 * A failed assertion jumps out of the block without freeing; the test has failed then anyway. The
 * attribute "unused" avoids a clang warning for variables that a block only declares. */
#ifndef TESTS_SCOPED_H
#define TESTS_SCOPED_H

#include <beluga/beluga.h>
#include <beluga/provider/json.h>

#define SCOPED(type) __attribute__((cleanup(scoped_##type), unused)) type

#define SCOPED_TYPE(type, release)              \
    static inline void scoped_##type(type **it) \
    {                                           \
        release(*it);                           \
    }

SCOPED_TYPE(beluga_chat_model, beluga_chat_model_unref)
SCOPED_TYPE(beluga_client, beluga_client_unref)
SCOPED_TYPE(beluga_config, beluga_config_free)
SCOPED_TYPE(beluga_context, beluga_context_unref)
SCOPED_TYPE(beluga_json_doc, beluga_json_doc_free)
SCOPED_TYPE(beluga_json_writer, beluga_json_writer_free)
SCOPED_TYPE(beluga_loop, beluga_loop_free)
SCOPED_TYPE(beluga_message, beluga_message_unref)
SCOPED_TYPE(beluga_messages, beluga_messages_free)
SCOPED_TYPE(beluga_op, beluga_op_free)
SCOPED_TYPE(beluga_response, beluga_response_free)
SCOPED_TYPE(beluga_response_builder, beluga_response_builder_free)
SCOPED_TYPE(beluga_stream, beluga_stream_free)
SCOPED_TYPE(beluga_tool, beluga_tool_unref)
SCOPED_TYPE(char, beluga_free)

#undef SCOPED_TYPE

#endif
