/**
 * @file cassette.h
 * Recording the exchanges of a client with its servers, and answering from a recording without a
 * network.
 *
 * A cassette is a directory with one file for each HTTP exchange: docs/guides/record-replay.md has
 * the format. Keys, cookies and signatures are scrubbed before anything is written. Everything
 * above the network runs as always: providers, streams, timeouts, retries, cancellation. Calls of
 * providers that do not use HTTP are not recorded.
 */
#ifndef BELUGA_CASSETTE_H
#define BELUGA_CASSETTE_H

#include <beluga/client.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

/** The direction of a cassette. */
typedef enum beluga_cassette_mode {
    BELUGA_CASSETTE_RECORD = 1, /**< use the network, and write each exchange into the directory */
    BELUGA_CASSETTE_REPLAY = 2  /**< answer from the directory; no network, and no key is needed */
} beluga_cassette_mode;

/**
 * The settings of a cassette. Zero-initialise them, set `size` and the members you need; all is
 * copied. Since: 0.1
 */
struct beluga_cassette {
    size_t size; /**< sizeof(beluga_cassette) */
    /** path; a recording makes it when its parent is there, and adds files to it */
    const char *directory;
    int mode; /**< beluga_cassette_mode */
    /** replay: wait as long as the recorded server took; false: never wait, not for retries either
     */
    bool realtime;
    /** replay: true lets an exchange that was used up answer again; false makes that an error */
    bool repeat;
};

/**
 * Record or replay all further calls of a client, also of the default one; or end a recording.
 *
 * A replay reads and checks every file of the directory at once. A request is answered by the first
 * file, by name, that was not used yet and has the same method, path, query and body. The order of
 * keys and white space in a JSON body do not matter, and neither do host and headers. A request
 * that fits no file fails with BELUGA_ERROR_NOT_FOUND, which names the nearest file and the first
 * difference.
 *
 * @param cassette  Borrowed; NULL: back to the network.
 * @return 0; BELUGA_ERROR_INVALID_INPUT settings that make no sense, or a file that is damaged,
 * with its name and line; BELUGA_ERROR_NOT_FOUND no such directory; BELUGA_ERROR_LIMIT_EXCEEDED
 * more or larger files than a cassette may have; BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED
 * in a library without cassettes, or where a member is set that only a later version knows. On
 * failure nothing changes.
 *
 * Threads: no thread may be in a call of the client; loops of the host's own that exist already go
 * on as they were. Blocks: while files are read. When recording, the end of each exchange blocks
 * its loop for the writing of a file. Since: 0.1
 */
BELUGA_API int beluga_client_set_cassette(beluga_client *client, const beluga_cassette *cassette,
                                          beluga_error *err);

/**
 * Tell whether every exchange was recorded.
 *
 * A call goes on when its recording can't be written (a full disk, a body of more than 32 MiB),
 * since the answer is worth more. The log has a warning then, and this function returns the error.
 *
 * @param client  NULL gives 0.
 * @return 0, also without a cassette; else the code of the first failure, with a detail that says
 * how many exchanges were lost.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_client_check_cassette(const beluga_client *client, beluga_error *err);

BELUGA_END_DECLS
#endif
