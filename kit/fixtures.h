/* The files of a provider: PROVIDER/check/check.json, one file for each case, and answers as
 * `curl -i` writes them.
 * tests/fixtures/README.md describes the format. */
#ifndef BELUGA_KIT_FIXTURES_H
#define BELUGA_KIT_FIXTURES_H

#include "kit/check.h"
#include "kit/fixture_file.h"
#include "kit/text.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>
#include <beluga/provider/provider.h>

/* CASE.answer is the first answer of a case, CASE.2.answer its second. */
#define CHECK_ANSWER_ENDING ".answer"

enum {
    CHECK_MAX_BASES = 4,   /* longest chain of providers whose fixtures build on each other */
    CHECK_MAX_OPTIONS = 16 /* options in a check.json */
};

/* The check.json of a provider, and of the providers on which it is based. */
typedef struct check_profile {
    /* borrowed, ended by NULL; each contains one folder for each provider */
    const char *folders[3];
    const char *name; /* name of the provider; the first folder may belong to it alone */
    bool foreign;
    bool borrowed; /* all files belong to the base provider, so requests need not match them */
    struct {
        char provider[48];
        char path[CHECK_MAX_PATH]; /* path of the check.json, which may be missing */
        beluga_json_doc *doc;
    } levels[CHECK_MAX_BASES]; /* the provider's own level first */
    size_t n_levels;
    char model[96];
    char base_path[128]; /* path of the provider's base URL, such as "/v1" */
} check_profile;

/* Read the check.json of a provider. Files are searched in the settings' own folder, as
 * PROVIDER/check/… or check/…, and then in the folder of all fixtures. A foreign provider may lack
 * a check.json.
 * @return 0; BELUGA_ERROR_NOT_FOUND without a check.json; BELUGA_ERROR_INVALID_CONFIG with the
 * fault. Free with check_profile_free in either case. */
int check_profile_read(check_profile *profile, const check_settings *settings,
                       const beluga_provider *provider, beluga_error *err);
void check_profile_free(check_profile *profile);

/* Return a member as text, from the first level that has it; NULL if no level has it. */
const char *check_profile_get(const check_profile *profile, const char *member);
/* Return item `i` of "servers", the prefixes of URLs in answers that lead to the service; NULL
 * after the last. */
const char *check_profile_server(const check_profile *profile, size_t i);
/* Return the reason why a scenario is skipped, or NULL. The reason is in the member "skip" of a
 * level; the first level with an entry for the scenario is used. */
const char *check_profile_skip(const check_profile *profile, const char *scenario);
/* Write the options that every model of the provider gets; they borrow from the profile. @return
 * their number, or a negative code. */
int check_profile_options(const check_profile *profile, beluga_option *options, beluga_error *err);

enum { CHECK_SECTION_BYTES = 32 };
/* Write "request" for the first exchange (1), "request 2" for the second. */
void check_section_name(char *out, const char *what, size_t n);

/* Check that the existing files of a scenario, and the answers in them, can be read. A later search
 * for a section treats an unreadable file as missing.
 * @return 0; BELUGA_ERROR_INVALID_CONFIG with the fault. */
int check_fixture_look(const check_profile *profile, const char *scenario, beluga_error *err);
/* Find a section of a case, such as "answer" or "answer 2". The provider's own case is searched
 * first, then that of its base, then the cases in `others` (ended by NULL), which replace a missing
 * case. Reads the section into `text`.
 * @return whether the section was found. */
bool check_fixture_find(const check_profile *profile, const char *scenario,
                        const char *const *others, const char *section, check_text *text);
/* Return whether the provider has a file of its own for a case. */
bool check_fixture_is_there(const check_profile *profile, const char *scenario);
/* Write a section of the provider's own case; `path` receives the path of the file. @return whether
 * the section was written. */
bool check_fixture_write(const check_profile *profile, const char *scenario, const char *section,
                         const char *text, char path[CHECK_MAX_PATH]);

#endif
