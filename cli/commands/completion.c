/* beluga completion: prints a shell's completion script, made from the tables. */
#include "base/limits.h"
#include "commands/command.h"
#include "exit.h"
#include "output.h"
#include "session.h"
#include "template.h"
#include "tools/tools.h"

#include <beluga/option.h>
#include <beluga/registry.h>

#include <stdio.h>
#include <string.h>

/* ---- words that the completion scripts request ----------------------------------------------- */

/* Prints one name on each line. */
static void print_name(const char *format, ...) BELUGA_PRINTF(1, 2);

static void print_name(const char *format, ...)
{
    char name[512];
    va_list values;
    va_start(values, format);
    vsnprintf(name, sizeof name, format, values);
    va_end(values);
    out_name(name);
    out_printf("\n");
}

static void print_own_names(cli_session *session, const char *name)
{
    const char *line;
    beluga_provider unused;
    beluga_error err;
    if (session_describe(session, name, &unused, &err) != 0) return;
    const beluga_config *config = session->config;
    for (size_t i = 0; (line = beluga_config_get_item(config, BELUGA_OPTION_MODELS, i, NULL)); i++)
        print_name("%s/%.*s", name, (int)strcspn(line, "="), line);
}

/* Print the aliases, and the providers followed by the separator. No request is sent. */
static int print_models(const cli_args *args)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS], *alias, *reference;
    cli_session session;
    int rc = session_load(&session, args);
    size_t n = session_list_providers(&session, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; rc == 0 && beluga_config_alias(session.base, i, &alias, &reference); i++)
        print_name("%s", alias);
    for (size_t i = 0; i < n; i++) {
        print_name("%s/", names[i]);
        if (rc == 0) print_own_names(&session, names[i]);
    }
    session_free(&session);
    return rc;
}

static void print_own_settings(const beluga_provider *provider)
{
    const beluga_own_option *option = provider ? provider->options : NULL;
    for (; option && option->name; option++) {
        if (!option->words) print_name("%s=", option->name);
        for (const char *const *word = option->words; word && *word; word++)
            print_name("%s=%s", option->name, *word);
    }
}

/* Print the names of options, and the possible words of each provider's own options. */
static int print_settings(const cli_args *args)
{
    const char *names[BELUGA__MAX_SHOWN_PROVIDERS];
    cli_session session;
    for (int key = 1; key < BELUGA_OPTION_COUNT; key++) {
        const beluga_option_info *info = beluga_option_get_info(key);
        if (info && info->type != BELUGA_OPTION_POINTER && key != BELUGA_OPTION_PROVIDER_SPECIFIC)
            out_printf("%s=\n", info->name);
    }
    int rc = session_load(&session, args);
    beluga_registry *registry = beluga_registry_default();
    size_t n = beluga_registry_list(registry, names, BELUGA__MAX_SHOWN_PROVIDERS);
    for (size_t i = 0; i < n && i < BELUGA__MAX_SHOWN_PROVIDERS; i++)
        print_own_settings(beluga_registry_get(registry, names[i]));
    session_free(&session);
    return rc;
}

static void print_tool(void *payload, const tool_name *told)
{
    (void)payload;
    print_name("%s", told->name);
}

static void print_template(void *payload, const char *name)
{
    (void)payload;
    print_name("%s", name);
}

static int print_templates(const cli_args *args)
{
    return template_each(args, print_template, NULL);
}

static int print_tools(const cli_args *args)
{
    cli_session session;
    int rc = session_load(&session, args);
    if (rc == 0) rc = tools_list(session.base, print_tool, NULL);
    if (rc == 0) print_name("%s", TOOLS_ALL);
    session_free(&session);
    return rc;
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void put_command_names(const cli_command *const *commands, const char *separator)
{
    for (size_t i = 0; commands[i]; i++) out_printf("%s%s", i ? separator : "", commands[i]->name);
}

/* Return whether this letter stands for an option without a value in any command. */
static bool may_be_flag(char letter)
{
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (arg_infos[i].letter == letter && !arg_infos[i].value) return true;
    return false;
}

static void put_bash_values(void)
{
    static const char *const actions[] = {
        [ARG_COMPLETE_NOTHING] = "COMPREPLY=()",
        [ARG_COMPLETE_FILES] = "COMPREPLY=($(compgen -f -- \"$cur\"))",
        [ARG_COMPLETE_MODELS] =
            "COMPREPLY=($(compgen -W \"$(beluga completion models 2>/dev/null)\""
            " -- \"$cur\")); compopt -o nospace",
        [ARG_COMPLETE_SETTINGS] = "COMPREPLY=($(compgen -W \"$(beluga completion options)\" -- "
                                  "\"$cur\")); compopt -o nospace",
        [ARG_COMPLETE_TOOLS] =
            "COMPREPLY=($(compgen -W \"$(beluga completion tools 2>/dev/null)\" -- \"$cur\"))",
        [ARG_COMPLETE_TEMPLATES] =
            "COMPREPLY=($(compgen -W \"$(beluga completion templates 2>/dev/null)\" -- \"$cur\"))"};
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const arg_info *info = &arg_infos[i];
        if (!info->value || info->type == ARG_TYPE_MAYBE) continue;
        out_printf("    ");
        if (info->letter && !may_be_flag(info->letter)) out_printf("-%c|", info->letter);
        out_printf("--%s) %s; return ;;\n", info->name, actions[info->completion]);
    }
}

static void put_bash_command(const cli_command *command)
{
    out_printf("    %s) words=\"%s\"; options=\"", command->name,
               command->words ? command->words : "");
    for (size_t i = 0; i < ARG_COUNT; i++)
        if (command_takes(command, i)) out_printf("--%s ", arg_infos[i].name);
    out_printf("\" ;;\n");
}

static void print_bash(const cli_command *const *commands)
{
    out_printf("# bash completion for beluga, made by beluga completion bash.\n"
               "_beluga() {\n"
               "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
               "    local command=prompt words options word\n"
               "    COMPREPLY=()\n"
               "    case \"$prev\" in\n");
    put_bash_values();
    out_printf("    esac\n"
               "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
               "        case \"$word\" in\n        ");
    put_command_names(commands, "|");
    out_printf(") command=\"$word\"; break ;;\n"
               "        esac\n"
               "    done\n"
               "    case \"$command\" in\n");
    for (size_t i = 0; commands[i]; i++) put_bash_command(commands[i]);
    out_printf("    esac\n"
               "    if [[ $cur == -* ]]; then\n"
               "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
               "    elif [[ $COMP_CWORD -eq 1 ]]; then\n"
               "        COMPREPLY=($(compgen -W \"");
    put_command_names(commands, " ");
    out_printf("\" -- \"$cur\"))\n"
               "    elif [[ -n $words ]]; then\n"
               "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
               "    fi\n"
               "}\n"
               "complete -F _beluga beluga\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* Write text inside single quotes, in which zsh treats [ ] and : specially. */
static void put_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            out_printf("'\\''");
        else if (strchr("[]:", *text))
            out_printf("\\%c", *text);
        else
            out_printf("%c", *text);
    }
}

static void put_zsh_form(const arg_info *info, const char *dashes, const char *name)
{
    static const char *const actions[] = {
        [ARG_COMPLETE_NOTHING] = " ",
        [ARG_COMPLETE_FILES] = "_files",
        [ARG_COMPLETE_MODELS] =
            "{compadd -S \"\" -- ${(f)\"$(beluga completion models 2>/dev/null)\"}}",
        [ARG_COMPLETE_SETTINGS] = "{compadd -S \"\" -- ${(f)\"$(beluga completion options)\"}}",
        [ARG_COMPLETE_TOOLS] = "{compadd -- ${(f)\"$(beluga completion tools 2>/dev/null)\"}}",
        [ARG_COMPLETE_TEMPLATES] =
            "{compadd -- ${(f)\"$(beluga completion templates 2>/dev/null)\"}}"};
    out_printf("        '%s%s%s%s[",
               info->type == ARG_TYPE_LIST || info->type == ARG_TYPE_COUNT ? "*" : "", dashes, name,
               info->type == ARG_TYPE_MAYBE ? "=-" : "");
    put_zsh_text(info->meaning);
    out_printf("]");
    if (info->value) {
        out_printf(info->type == ARG_TYPE_MAYBE ? "::" : ":");
        put_zsh_text(info->value);
        out_printf(":%s", actions[info->completion]);
    }
    out_printf("'\n");
}

static void put_zsh_command(const cli_command *command, bool is_default)
{
    out_printf("    %s) options=(\n", command->name);
    for (size_t i = 0; i < ARG_COUNT; i++) {
        const arg_info *info = &arg_infos[i];
        const char letter[2] = {info->letter, '\0'};
        if (!command_takes(command, i)) continue;
        if (info->letter) put_zsh_form(info, "-", letter);
        put_zsh_form(info, "--", info->name);
    }
    if (command->words)
        out_printf("        '1:operand:(%s)'\n", command->words);
    else if (is_default)
        out_printf("        '*:text: '\n");
    out_printf("    ) ;;\n");
}

static void print_zsh(const cli_command *const *commands)
{
    out_printf("#compdef beluga\n"
               "# zsh completion for beluga, made by beluga completion zsh.\n"
               "_beluga() {\n"
               "    local command=prompt\n"
               "    local -a options names\n"
               "    names=(\n");
    for (size_t i = 0; commands[i]; i++) {
        out_printf("        '%s:", commands[i]->name);
        put_zsh_text(commands[i]->summary);
        out_printf("'\n");
    }
    out_printf("    )\n"
               "    if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then\n"
               "        _describe command names\n"
               "        return\n"
               "    fi\n"
               "    case $words[2] in\n    ");
    put_command_names(commands, "|");
    out_printf(") command=$words[2]; shift words; (( CURRENT-- )) ;;\n"
               "    esac\n"
               "    case $command in\n");
    for (size_t i = 0; commands[i]; i++) put_zsh_command(commands[i], i == 0);
    out_printf("    esac\n"
               "    _arguments -s $options\n"
               "}\n"
               "if [[ $funcstack[1] == _beluga ]]; then _beluga \"$@\"; else compdef _beluga "
               "beluga; fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

/* Write text inside single quotes. */
static void put_fish_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\') out_printf("\\");
        out_printf("%c", *text);
    }
}

/* Write the condition under which fish offers an option: the command line names a command that
 * accepts it, or no command if the default command accepts it. */
static void put_fish_condition(const cli_command *const *commands, size_t option)
{
    bool by_default = command_takes(commands[0], option);
    out_printf(" -n '");
    if (by_default) out_printf("__beluga_is_prompt; or ");
    out_printf("__fish_seen_subcommand_from");
    for (size_t i = 0; commands[i]; i++)
        if (command_takes(commands[i], option)) out_printf(" %s", commands[i]->name);
    out_printf("'");
}

static void put_fish_option(const cli_command *const *commands, size_t index)
{
    static const char *const actions[] = {
        [ARG_COMPLETE_NOTHING] = " -x",
        [ARG_COMPLETE_FILES] = " -r -F",
        [ARG_COMPLETE_MODELS] = " -x -a '(beluga completion models 2>/dev/null)'",
        [ARG_COMPLETE_SETTINGS] = " -x -a '(beluga completion options)'",
        [ARG_COMPLETE_TOOLS] = " -x -a '(beluga completion tools 2>/dev/null)'",
        [ARG_COMPLETE_TEMPLATES] = " -x -a '(beluga completion templates 2>/dev/null)'"};
    const arg_info *info = &arg_infos[index];
    out_printf("complete -c beluga");
    put_fish_condition(commands, index);
    if (info->letter) out_printf(" -s %c", info->letter);
    out_printf(" -l %s%s -d '", info->name,
               info->value && info->type != ARG_TYPE_MAYBE ? actions[info->completion] : "");
    put_fish_text(info->meaning);
    out_printf("'\n");
}

static void print_fish(const cli_command *const *commands)
{
    out_printf("# fish completion for beluga, made by beluga completion fish.\n"
               "function __beluga_is_prompt\n"
               "    not __fish_seen_subcommand_from ");
    put_command_names(commands, " ");
    out_printf("\nend\ncomplete -c beluga -f\n");
    for (size_t i = 0; commands[i]; i++) {
        out_printf("complete -c beluga -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        put_fish_text(commands[i]->summary);
        out_printf("'\n");
        if (commands[i]->words)
            out_printf("complete -c beluga -n '__fish_seen_subcommand_from %s' -a '%s'\n",
                       commands[i]->name, commands[i]->words);
    }
    for (size_t i = 0; i < ARG_COUNT; i++) put_fish_option(commands, i);
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run(const cli_args *args)
{
    const char *what = args->operands.count ? args->operands.items[0] : "";
    if (strcmp(what, "models") == 0) return print_models(args);
    if (strcmp(what, "options") == 0) return print_settings(args);
    if (strcmp(what, "tools") == 0) return print_tools(args);
    if (strcmp(what, "templates") == 0) return print_templates(args);
    if (strcmp(what, "bash") == 0)
        print_bash(args->commands);
    else if (strcmp(what, "zsh") == 0)
        print_zsh(args->commands);
    else if (strcmp(what, "fish") == 0)
        print_fish(args->commands);
    else
        return out_usage("name the shell: bash, zsh or fish");
    return CLI_EXIT_OK;
}

const cli_command cmd_completion = {
    .name = "completion",
    .operands = "bash|zsh|fish|models|options|tools|templates",
    .words = "bash zsh fish",
    .summary = "Print the script that lets a shell complete beluga's command line.",
    .takes = ARG_SET(ARG_PLUGIN, ARG_CONFIG),
    .max_operands = 1,
    .run = run,
    .details = "Add one of these lines to the start-up file of your shell, unless the package has "
               "installed the completion:\n\n"
               "bash: eval \"$(beluga completion bash)\"\n\n"
               "zsh: eval \"$(beluga completion zsh)\"\n\n"
               "fish: beluga completion fish | source\n\n"
               "The scripts themselves call beluga completion models, which lists the models of "
               "the configuration and the providers, and beluga completion options, which lists "
               "the keys for -o. Nothing is sent.",
};
