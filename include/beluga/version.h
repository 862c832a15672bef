#ifndef BELUGA_VERSION_H
#define BELUGA_VERSION_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BELUGA_API __attribute__((visibility("default")))
#else
#define BELUGA_API
#endif

/** Get the version of the library that is running, such as "0.1.0". Static; never NULL. */
BELUGA_API const char *beluga_version_string(void);

#ifdef __cplusplus
}
#endif

#endif
