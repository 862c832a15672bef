/* What the kit knows of a provider, as files: PROVIDER/check/check.json and a file a case.
 * tests/fixtures/README.md has the format. */
#ifndef BELUGA_KIT_FIXTURES_H
#define BELUGA_KIT_FIXTURES_H

#include "kit/check.h"
#include "kit/fixture_file.h"
#include "kit/text.h"

#include <beluga/error.h>
#include <beluga/provider/json.h>
#include <beluga/provider/provider.h>

enum {
    CHECK_MAX_BASES = 4,   /* how often a provider's fixtures may lean on another's */
    CHECK_MAX_OPTIONS = 16 /* of a check.json */
};

/* The check.json of a provider, and those it leans on. */
typedef struct check_profile {
    const char *folders[3]; /* borrowed, ended by NULL: each has a folder per provider */
    const char *name;       /* of the provider; the first folder may be its alone */
    bool foreign;
    bool borrowed; /* all is that of the provider it is based on: its requests may differ */
    struct {
        char provider[48];
        beluga_json_doc *doc;
    } levels[CHECK_MAX_BASES]; /* its own first */
    size_t n_levels;
    char model[96];
    char base_path[128]; /* of its addresses, such as "/v1" */
} check_profile;

/*
 * Read check.json of a provider. Files are looked for in the settings' own folder, as
 * PROVIDER/check/… or check/…, and then in that of all fixtures. A foreign provider may have none.
 * @return 0; BELUGA_ERROR_NOT_FOUND it has none; BELUGA_ERROR_INVALID_CONFIG with what is wrong.
 * Free with check_profile_free in either case.
 */
int check_profile_read(check_profile *profile, const check_settings *settings,
                       const beluga_provider *provider, beluga_error *err);
void check_profile_free(check_profile *profile);

/* Return a member as text, from the first level that has it; NULL when none has. */
const char *check_profile_get(const check_profile *profile, const char *member);
/* Return why a scenario is not run, or NULL: member "skip" of the first level that says so. */
const char *check_profile_skip(const check_profile *profile, const char *scenario);
/* Fill in the options that every model of the provider is opened with; they borrow from the
 * profile. @return how many, or a negative code. */
int check_profile_options(const check_profile *profile, beluga_option *options, beluga_error *err);

/* See that what there is of a scenario can be read: where a section is looked for later, a file
 * that can't be read is as good as none. @return 0; BELUGA_ERROR_INVALID_CONFIG with what is wrong.
 */
int check_fixture_look(const check_profile *profile, const char *scenario, beluga_error *err);
/*
 * Find a section of a case, such as "answer" or "answer 2": the provider's own, that of the
 * provider it leans on, and then the same of the cases in `others`, which stand in for it
 * (NULL-terminated). Reads it into `text`. @return whether it is anywhere.
 */
bool check_fixture_find(const check_profile *profile, const char *scenario,
                        const char *const *others, const char *section, check_text *text);
/* Write a section of the provider's own case. @return whether it could be written. */
bool check_fixture_write(const check_profile *profile, const char *scenario, const char *section,
                         const char *text);

#endif
