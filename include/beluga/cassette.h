/**
 * @file cassette.h
 * Recording a client's HTTP exchanges, and replaying them later without a network.
 *
 * A cassette is a directory with one file for each HTTP exchange: docs/guides/record-replay.md has
 * the format. Keys, cookies and signatures are scrubbed before anything is written. Everything
 * above the network works as usual in a replay: providers, streams, timeouts, retries,
 * cancellation. Calls of providers that do not use HTTP are not recorded.
 */
#ifndef BELUGA_CASSETTE_H
#define BELUGA_CASSETTE_H

#include <beluga/client.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** What a cassette does: record or replay. */
typedef enum beluga_cassette_mode {
    BELUGA_CASSETTE_RECORD = 1, /**< use the network, and write each exchange into the directory */
    BELUGA_CASSETTE_REPLAY = 2  /**< answer from the directory; needs no network and no key */
} beluga_cassette_mode;

/**
 * The settings of a cassette. Zero-initialise them, then set `size` and the members that you need;
 * everything is copied. Since: 0.1
 */
struct beluga_cassette {
    size_t size; /**< sizeof(beluga_cassette) */
    /** path; a recording creates the directory if its parent exists, and adds files to it */
    const char *directory;
    int mode; /**< beluga_cassette_mode */
    /**
     * for replay; true: wait as long as the recorded server took; false: never wait, not even
     * before retries
     */
    bool realtime;
    /**
     * for replay; true: each exchange may answer any number of requests; false: only one request
     */
    bool repeat;
};

/**
 * Record or replay all further calls of a client, which may be the default one; or end that.
 *
 * For a replay this function reads and checks every file of the directory. A request is answered by
 * the first file, by name, that was not used yet and has the same method, path, query and body. The
 * order of keys and white space in a JSON body do not matter, nor do the server's name and the
 * headers. A request without such a file fails with BELUGA_ERROR_NOT_FOUND; its message names the
 * most similar file and the first difference.
 *
 * @param cassette  Borrowed; NULL: use the network again, without a cassette.
 * @return 0; BELUGA_ERROR_INVALID_INPUT if the settings are invalid, or a file is damaged (the
 * message has its name and line); BELUGA_ERROR_NOT_FOUND if there is no such directory;
 * BELUGA_ERROR_LIMIT_EXCEEDED if there are too many files, or one is too large;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED if the library was built without cassettes, or
 * a member is set that only a later version knows. On failure nothing changes.
 *
 * Threads: no thread may be in a call of the client; loops that the program has made before are not
 * changed. Blocks: while files are read. A recording blocks the loop at the end of each exchange
 * while the file is written. Since: 0.1
 */
BELUGA_API int beluga_client_set_cassette(beluga_client *client, const beluga_cassette *cassette,
                                          beluga_error *err);

/**
 * Check whether every exchange was recorded.
 *
 * If a recording can't be written (for example because the disk is full, or a body is larger than
 * 32 MiB), the call still goes on. The log then has a warning, and this function returns the error.
 *
 * @param client  With NULL the result is 0.
 * @return 0 if no exchange was lost, or there is no cassette; otherwise the code of the first
 * failure. The detail says how many exchanges were lost.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_client_check_cassette(const beluga_client *client, beluga_error *err);

BELUGA_END_DECLS
#endif
