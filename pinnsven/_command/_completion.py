"""What completes the command in a shell: its subcommands, their options, problems of the gallery."""

import argparse

from ._problem_files import gallery, problem_files

SHELLS = ("bash", "zsh", "fish")

BASH = """_pinnsven() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" command="${{COMP_WORDS[1]}}"
    case "$COMP_CWORD:$command" in
        1:*) COMPREPLY=($(compgen -W "{commands}" -- "$word")); return ;;
    esac
    case "$command" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word") $(compgen -f -- "$word"))
}}
complete -o filenames -F _pinnsven pinnsven"""


def completion_script(shell: str, parser: argparse.ArgumentParser) -> str:
    """A script for a shell to read: `eval "$(pinnsven completion bash)"`.

    - `parser`: of the command, whose subcommands and options it knows.
    """
    words = _words(parser)
    if shell == "fish":
        lines = ["complete -c pinnsven -n __fish_use_subcommand -a " + f"'{' '.join(words)}'"]
        for command, known in words.items():
            seen = f"'__fish_seen_subcommand_from {command}'"
            lines.append(f"complete -c pinnsven -n {seen} -a '{' '.join(known)}'")
        return "\n".join(lines)
    cases = "\n".join(f'        {c}) local words="{" ".join(known)}" ;;' for c, known in words.items())
    script = BASH.format(commands=" ".join(words), cases=cases)
    return script if shell == "bash" else f"autoload -U bashcompinit && bashcompinit\n{script}"


def _words(parser: argparse.ArgumentParser) -> dict[str, list[str]]:
    """What may follow each subcommand."""
    (commands,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    found = {
        name: [option for action in sub._actions for option in action.option_strings]
        for name, sub in commands.choices.items()
    }
    found["solve"] += [file.stem for file in problem_files(gallery())]
    found["completion"] += SHELLS
    return found
