#include "args.h"

#include "base/text.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"

#include <beluga/option.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const arg_info arg_infos[ARG_COUNT] = {
#define XX(constant, letter_, name_, value_, type_, member, completion_, meaning_) \
    [ARG_##constant] = {.name = (name_),                                           \
                        .value = (value_),                                         \
                        .meaning = (meaning_),                                     \
                        .offset = offsetof(cli_args, member),                      \
                        .type = ARG_TYPE_##type_,                                  \
                        .completion = ARG_COMPLETE_##completion_,                  \
                        .letter = (letter_)},
    ARG_MAP(XX)
#undef XX
};

/* Longer names are cut in messages. */
#define MAX_TOLD_LENGTH 32
/* Two names match if one is the beginning of the other and has at least this many characters. */
#define MIN_PREFIX 3

static bool begins_alike(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t shorter = n < m ? n : m;
    return shorter >= MIN_PREFIX && strncmp(a, b, shorter) == 0;
}

/* Find the option whose name is most like a misspelt one. An option that the command accepts is
 * preferred to one that it does not accept. */
static const arg_info *nearest(const cli_command *command, const char *name)
{
    const arg_info *best = NULL;
    unsigned best_cost = 2 * (COMMAND_MOST_SLIPS + 1);
    for (size_t i = 0; i < ARG_COUNT; i++) {
        unsigned d = beluga__text_distance(name, arg_infos[i].name, COMMAND_MOST_SLIPS);
        if (d > COMMAND_MOST_SLIPS && begins_alike(name, arg_infos[i].name)) d = COMMAND_MOST_SLIPS;
        if (d > COMMAND_MOST_SLIPS) continue;
        unsigned cost = d + (command_takes(command, i) ? 0 : COMMAND_MOST_SLIPS + 1);
        if (cost >= best_cost) continue;
        best_cost = cost;
        best = &arg_infos[i];
    }
    return best;
}

/* Find the name of a setting of -o that is equal to `name`, apart from - in place of _. */
static const char *find_setting(const char *name)
{
    const beluga_option_info *info;
    for (int key = 1; (info = beluga_option_get_info(key)) != NULL; key++) {
        size_t i = 0;
        while (info->name[i] && (name[i] == '-' ? '_' : name[i]) == info->name[i]) i++;
        if (!info->name[i] && !name[i]) return info->name;
    }
    return NULL;
}

static const cli_command *command_of(const cli_args *args)
{
    return args->command ? args->command : args->commands[0];
}

/* Find advice for an option that comparable commands of other projects have. */
static const char *find_foreign(const char *name)
{
    static const char *const known[][2] = {
        {"agent", "use -t NAME, a template, which may name tools"},
        {"at", "use -a FILE, which finds the type from the file's first bytes"},
        {"attachment", "use -a FILE"},
        {"chain-limit", "use -o max_tool_steps=N"},
        {"cl", "use -o max_tool_steps=N"},
        {"code", "use -x, which prints only the last block of code"},
        {"continue-id", "use --cid ID"},
        {"el", "use -x, which prints the last block of code"},
        {"extract-last", "use -x, which prints the last block of code"},
        {"fragment", "use -f FILE, which puts a file before the prompt"},
        {"functions", "tools are defined in the configuration: see beluga help tools"},
        {"host", "use --listen HOST:PORT with beluga serve"},
        {"input", "the input file is an operand: beluga batch FILE"},
        {"key",
         "beluga keys set PROVIDER stores a key, and -o api_key=env:NAME uses one for this call"},
        {"list-models", "use beluga models"},
        {"port", "use --listen HOST:PORT with beluga serve"},
        {"prompt", "the prompt needs no option; -s TEXT is the system text"},
        {"rag", "beluga embed and beluga similar find texts"},
        {"role", "use -t NAME, a template: see beluga help templates"},
        {"save", "use beluga templates edit NAME, which stores a prompt"},
        {"schema-multi", "--schema 'items []' asks for a list: see beluga help prompt"},
        {"session", "use --name NAME, which continues a conversation"},
        {"sf", "use -s \"$(cat FILE)\", which reads the system text from a file"},
        {"ta", "beluga asks before each tool call, unless -y allows them all"},
        {"xl", "use -x, which prints the last block of code"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i][0], name) == 0) return known[i][1];
    return NULL;
}

static int unknown_name(const cli_args *args, const char *name)
{
    const cli_command *command = command_of(args);
    const char *foreign = find_foreign(name);
    const char *setting = find_setting(name);
    const arg_info *near = nearest(command, name);
    if (setting && command_takes(command, ARG_OPTION))
        return out_usage("unknown option --%s; set a model option with -o %s=VALUE", name, setting);
    if (foreign) return out_usage("unknown option --%s: %s", name, foreign);
    if (near) return out_usage("unknown option --%s; did you mean --%s?", name, near->name);
    return out_usage("unknown option --%s (put -- before a text that begins with -)", name);
}

static const arg_info *find_name(const char *name, size_t length)
{
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const char *known = arg_infos[i].name;
        if (strncmp(known, name, length) == 0 && !known[length]) return &arg_infos[i];
    }
    return NULL;
}

/* Find the command's own option with this letter, or else an option of another command, which
 * args_check then refuses. */
static const arg_info *find_letter(const cli_args *args, char letter)
{
    const cli_command *command = command_of(args);
    const arg_info *other = NULL;
    for (size_t i = 0; i < ARG_COUNT; i++) {
        if (!letter || arg_infos[i].letter != letter) continue;
        if (command_takes(command, i)) return &arg_infos[i];
        if (!other) other = &arg_infos[i];
    }
    return other;
}

static void store(cli_args *args, const arg_info *info, const char *value)
{
    void *member = (char *)args + info->offset;
    args->given[info - arg_infos] = true;
    switch (info->type) {
    case ARG_TYPE_FLAG: *(bool *)member = true; break;
    case ARG_TYPE_COUNT: ++*(int *)member; break;
    case ARG_TYPE_TEXT:
    case ARG_TYPE_MAYBE: *(const char **)member = value; break;
    case ARG_TYPE_LIST: {
        arg_list *list = member;
        list->items[list->count++] = value;
        break;
    }
    }
}

/* take_long and take_short return the number of words that belong to the option, or 0 after they
 * have reported a mistake. */

/* Takes "--name", "--name=value" or "--name value". */
static int take_long(cli_args *args, char **words)
{
    const char *name = words[0] + 2, *equals = strchr(name, '='), *value = NULL;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const arg_info *info = find_name(name, length);
    int taken = 1;
    if (!info) {
        char unknown[MAX_TOLD_LENGTH + 1];
        snprintf(unknown, sizeof unknown, "%.*s", (int)(length < 99 ? length : 99), name);
        unknown_name(args, unknown);
        return 0;
    }
    if (!info->value && equals) {
        out_usage("--%s does not take a value", info->name);
        return 0;
    }
    if (equals) {
        value = equals + 1;
    } else if (info->type == ARG_TYPE_MAYBE) {
        value = "";
    } else if (info->value) {
        value = words[1];
        taken = 2;
    }
    if (info->value && !value) {
        out_usage("--%s needs a value: %s", info->name, info->value);
        return 0;
    }
    store(args, info, value);
    return taken;
}

/* Takes "-uv", "-mVALUE" or "-m VALUE". */
static int take_short(cli_args *args, char **words)
{
    for (const char *letter = words[0] + 1; *letter; letter++) {
        const arg_info *info = find_letter(args, *letter);
        if (!info) {
            out_usage("unknown option -%c (put -- before a text that begins with -)", *letter);
            return 0;
        }
        const char *value = letter[1] ? letter + 1 : words[1];
        if (info->value && !value) {
            out_usage("-%c needs a value: %s", *letter, info->value);
            return 0;
        }
        store(args, info, info->value ? value : NULL);
        if (info->value) return letter[1] ? 1 : 2;
    }
    return 1;
}

/* Take an operand. If the first operand is the name of a command, it selects the command; any other
 * operand is part of a prompt. */
static void take_operand(cli_args *args, const char *word, bool literal)
{
    bool first = !args->command && !args->operands.count && !literal;
    if (first) args->command = command_find(args->commands, word);
    if (args->command && first) {
        out_name_command(args->command->name);
        return;
    }
    if (first) args->near = command_meant(args->commands, word);
    args->operands.items[args->operands.count++] = word;
}

/* Join the operands into one text. If they do not fit, the text ends with " ...". */
static void join_operands(const cli_args *args, char *text, size_t size)
{
    static const char more[] = " ...";
    size_t used = 0;
    for (size_t i = 0; i < args->operands.count; i++) {
        const char *word = args->operands.items[i];
        size_t n = strlen(word);
        if (used + n + 1 + sizeof more > size) {
            memcpy(text + used, more, sizeof more);
            return;
        }
        text[used++] = ' ';
        memcpy(text + used, word, n + 1);
        used += n;
    }
}

static int too_many(const cli_args *args)
{
    char text[96] = "";
    const char *name = args->command->name;
    join_operands(args, text, sizeof text);
    return out_usage("unexpected operand in beluga %s: \"%s\"; to send this text to a model: "
                     "beluga prompt \"%s%s\"",
                     name, args->operands.items[args->command->max_operands], name, text);
}

static int excess_option(const cli_args *args, const char *name)
{
    if (args->near)
        return out_usage("there is no command \"%s\", and beluga prompt has no option --%s; did "
                         "you mean beluga %s?",
                         args->operands.items[0], name, args->near->name);
    return out_usage("beluga %s has no option --%s", args->command->name, name);
}

/* Returns whether an option was given that only makes sense with a prompt. */
static bool has_prompt_sign(const cli_args *args)
{
    static const arg signs[] = {ARG_SYSTEM, ARG_TEMPLATE, ARG_ATTACH,  ARG_CONTEXT,
                                ARG_SCHEMA, ARG_TOOL,     ARG_CONTINUE};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (args->given[signs[i]]) return true;
    return false;
}

/* The maximum number of words in a command line with a subcommand, as in "aliases set NAME MODEL".
 */
#define MOST_COMMAND_WORDS 4

/* Refuse a first word that is nearly the name of a command, since sending it as a prompt would cost
 * money. With many operands, the word is probably the beginning of a sentence, and is accepted. */
static int check_near(const cli_args *args)
{
    const char *word = args->operands.items[0], *name = args->near->name;
    size_t n = args->operands.count;
    if (has_prompt_sign(args)) return 0;
    if (n == 1 ||
        (n <= MOST_COMMAND_WORDS && command_has_word(args->near, args->operands.items[1])) ||
        (n == 2 && strcmp(args->operands.items[1], "list") == 0))
        return out_usage("there is no command \"%s\"; did you mean beluga %s? Nothing was sent; to "
                         "send this text to a model: beluga prompt %s, or beluga -- %s",
                         word, name, word, word);
    if (n == 2)
        out_note("\"%s\" is sent as a prompt; the similar command is called %s", word, name);
    return 0;
}

int args_check(const cli_args *args)
{
    const cli_command *command = args->command;
    if (args->help || args->version) return 0;
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (args->given[i] && !command_takes(command, i))
            return excess_option(args, arg_infos[i].name);
    if (args->operands.count > command->max_operands) return too_many(args);
    return args->near ? check_near(args) : 0;
}

static int parse_words(cli_args *args, char **words)
{
    bool literal = false;
    while (*words) {
        const char *word = *words;
        int taken = 1;
        if (literal || word[0] != '-' || !word[1])
            take_operand(args, word, literal);
        else if (strcmp(word, "--") == 0)
            literal = true;
        else
            taken = word[1] == '-' ? take_long(args, words) : take_short(args, words);
        if (!taken) return CLI_EXIT_USAGE;
        words += taken;
    }
    return 0;
}

/* Allocate the lists. Each has room for all words of the command line. */
static bool make_lists(cli_args *args, size_t words)
{
    size_t lists = 1;
    for (size_t i = 0; i < ARG_COUNT; i++) lists += arg_infos[i].type == ARG_TYPE_LIST;
    args->pointers = calloc(lists * words, sizeof *args->pointers);
    if (!args->pointers) return false;
    const char **room = args->operands.items = args->pointers;
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (arg_infos[i].type == ARG_TYPE_LIST)
            ((arg_list *)((char *)args + arg_infos[i].offset))->items = room += words;
    return true;
}

int args_parse(cli_args *args, const cli_command *const *commands, int argc, char **argv)
{
    *args = (cli_args){.commands = commands};
    if (!make_lists(args, argc > 0 ? (size_t)argc : 1)) return out_no_memory();
    int rc = argc > 0 ? parse_words(args, argv + 1) : 0;
    args->named = args->command != NULL;
    if (args->named && args->command->lists_alone && args->operands.count == 1 &&
        strcmp(args->operands.items[0], "list") == 0)
        args->operands.count = 0;
    if (!args->named) args->command = commands[0];
    return rc;
}

void args_free(cli_args *args)
{
    free(args->pointers);
    *args = (cli_args){0};
}
