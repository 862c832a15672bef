/**
 * @file cassette.h
 * Recording what a client says to its servers, and answering from a recording without a network.
 *
 * A cassette is a directory with one file for each HTTP exchange: docs/guides/record-replay.md has
 * the format. Keys, cookies and signatures are scrubbed before anything is written. Everything
 * above the network runs as always: providers, streams, timeouts, retries, cancellation. Providers
 * without HTTP are not recorded.
 */
#ifndef BELUGA_CASSETTE_H
#define BELUGA_CASSETTE_H

#include <beluga/client.h>
#include <beluga/common.h>

BELUGA_BEGIN_DECLS

typedef enum beluga_cassette_mode {
    BELUGA_CASSETTE_RECORD = 1, /**< use the network, and write each exchange into the directory */
    BELUGA_CASSETTE_REPLAY = 2  /**< answer from the directory; no network, and no key is needed */
} beluga_cassette_mode;

/** Zero-initialise it, set `size` and what you need; all is copied. Since: 0.1 */
struct beluga_cassette {
    size_t size; /**< sizeof(beluga_cassette) */
    const char *
        directory; /**< to record, it is made when its parent is there, and files are added to it */
    int mode;      /**< beluga_cassette_mode */
    /** replay: wait as long as was waited; false: at once, without waits for retries */
    bool realtime;
    bool repeat; /**< replay: an exchange that was used up answers again; false: that is an error */
};

/**
 * Record or replay all further calls of a client, also of the default one; end a recording.
 *
 * A replay reads and checks every file of the directory at once. A request is answered by the first
 * file, by name, that was not used yet and has the same method, path, query and body; of a JSON
 * body neither the order of keys nor white space matters, and neither host nor headers do. A
 * request that fits none fails with BELUGA_ERROR_NOT_FOUND, which names the nearest file and the
 * first difference.
 *
 * @param cassette  Borrowed; NULL: back to the network.
 * @return 0; BELUGA_ERROR_INVALID_INPUT also a file that is damaged, with its name and line;
 *         BELUGA_ERROR_NOT_FOUND no such directory; BELUGA_ERROR_LIMIT_EXCEEDED;
 * BELUGA_ERROR_NO_MEMORY; BELUGA_ERROR_NOT_SUPPORTED in a library without cassettes. On failure
 * nothing changes.
 *
 * Threads: none may be in a call; loops of the host's own that exist already go on as they were.
 * Blocks: while files are read. When recording, the end of each exchange blocks its loop for the
 * writing of a file. Since: 0.1
 */
BELUGA_API int beluga_client_set_cassette(beluga_client *client, const beluga_cassette *cassette,
                                          beluga_error *err);

/**
 * Tell whether every exchange was recorded. A call goes on when its recording can't be written (a
 * full disk, a body of more than 32 MiB): the answer is worth more. The loss is a warning in the
 * log, and known here.
 *
 * @return 0, also without a cassette; the code of the first failure, whose detail says how many
 * were lost.
 *
 * Threads: any. Blocks: never. Since: 0.1
 */
BELUGA_API int beluga_client_check_cassette(const beluga_client *client, beluga_error *err);

BELUGA_END_DECLS
#endif
