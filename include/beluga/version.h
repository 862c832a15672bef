/**
 * @file version.h
 * The version of these headers and of the library that is loaded.
 */
#ifndef BELUGA_VERSION_H
#define BELUGA_VERSION_H

#include <beluga/common.h>

/** The version of these headers, in numbers and as text. */
#define BELUGA_VERSION_MAJOR  0
#define BELUGA_VERSION_MINOR  1
#define BELUGA_VERSION_PATCH  0
#define BELUGA_VERSION_STRING "0.1.0"

BELUGA_BEGIN_DECLS

/**
 * Return the version of the library that is loaded, such as "0.1.0"; a static string. Threads: any.
 */
BELUGA_API const char *beluga_version_string(void);

/**
 * Return the version of the library that is loaded as a number, 0xMMmmpp. Compare it with
 * BELUGA_VERSION_NUMBER. Threads: any.
 */
BELUGA_API uint32_t beluga_version_number(void);

/**
 * Return the optional parts that the library was built with, as a static string of words with
 * spaces between them, such as "cache cassettes plugins telemetry yaml"; "" when it has none of
 * them. The functions of a part that was left out return BELUGA_ERROR_NOT_SUPPORTED. Threads: any.
 * Since: 0.1
 */
BELUGA_API const char *beluga_version_parts(void);

/** The version of these headers as a number, 0xMMmmpp. */
#define BELUGA_VERSION_NUMBER \
    (BELUGA_VERSION_MAJOR << 16 | BELUGA_VERSION_MINOR << 8 | BELUGA_VERSION_PATCH)

BELUGA_END_DECLS
#endif
