/**
 * @file common.h
 * Visibility, C linkage and the names of the opaque types that the other headers share.
 *
 * Words used in every docstring:
 *   owned      the caller frees it, with the function named there;
 *   borrowed   the library keeps it; it is valid until what the docstring names;
 *   shared     reference counted: `_ref` to keep it, `_unref` to let go.
 * Every function that takes a destructor's argument accepts NULL. Every `int` result is 0 or a
 * negative BELUGA_ERROR_ code from error.h. Strings are UTF-8; where a length is passed too, NUL
 * bytes are legal.
 */
#ifndef BELUGA_COMMON_H
#define BELUGA_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#define BELUGA_API                __attribute__((visibility("default")))
#define BELUGA_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#define BELUGA_MUST_USE           __attribute__((warn_unused_result))
#else
#define BELUGA_API
#define BELUGA_PRINTF(fmt, first)
#define BELUGA_MUST_USE
#endif

#ifdef __cplusplus
#define BELUGA_BEGIN_DECLS extern "C" {
#define BELUGA_END_DECLS   }
#else
#define BELUGA_BEGIN_DECLS
#define BELUGA_END_DECLS
#endif

typedef struct beluga_allocator beluga_allocator;
typedef struct beluga_batch_op beluga_batch_op;
typedef struct beluga_call beluga_call;
typedef struct beluga_chat_model beluga_chat_model;
typedef struct beluga_client beluga_client;
typedef struct beluga_config beluga_config;
typedef struct beluga_context beluga_context;
typedef struct beluga_emit beluga_emit;
typedef struct beluga_error beluga_error;
typedef struct beluga_event beluga_event;
typedef struct beluga_loop beluga_loop;
typedef struct beluga_message beluga_message;
typedef struct beluga_messages beluga_messages;
typedef struct beluga_op beluga_op;
typedef struct beluga_option beluga_option;
typedef struct beluga_provider beluga_provider;
typedef struct beluga_registry beluga_registry;
typedef struct beluga_response beluga_response;
typedef struct beluga_stream beluga_stream;
typedef struct beluga_tool beluga_tool;

#endif
