"""What rules files say, and what is wrong with them."""

import pytest

from codex_rpc.errors import ConfigFileError
from codex_rpc.exec.rules.parsing import parse_rules
from codex_rpc.exec.rules.rule import PrefixRule, RuleSet
from tests.unit.exec.rules.rule_texts import FILE

WHOLE = '''\
"""What may be done with the repository."""

# It is published from here.
prefix_rule(
    pattern = ["git", ["push", "fetch"]],
    decision = "prompt",
    justification = "others see it",
    match = ["git push origin 'a b'", ["git", "fetch"]],
    not_match = ["git status", "/usr/bin/git pull"],
)
prefix_rule(["make"], "forbidden", ["make all"], [], "it's \\"slow\\"");
prefix_rule(pattern=[r"x\\d", 'y'], )
host_executable(name="git", paths=["/usr/bin/git", "/opt/git/bin/git"])
pass
'''


def rules(text: str) -> RuleSet:
    return parse_rules(FILE, text).rules


def problem(text: str) -> str:
    with pytest.raises(ConfigFileError) as caught:
        parse_rules(FILE, text)
    return str(caught.value).removeprefix(f"{FILE}:")


def test_a_file_is_read() -> None:
    assert parse_rules(FILE, WHOLE).warnings == ()
    assert rules(WHOLE) == RuleSet(
        (
            PrefixRule((("git",), ("push", "fetch")), "prompt", "others see it"),
            PrefixRule((("make",),), "forbidden", 'it\'s "slow"'),
            PrefixRule((("x\\d",), ("y",))),
        ),
        {"git": frozenset({"/usr/bin/git", "/opt/git/bin/git"})},
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "pass", "'nothing'"])
def test_a_file_may_say_nothing(text: str) -> None:
    assert rules(text) == RuleSet()


def test_the_first_word_may_have_alternatives() -> None:
    assert rules('prefix_rule(pattern=[["a", "b"], "c"])').rules[0].pattern == (("a", "b"), ("c",))


def test_network_rules_have_no_effect_and_say_so() -> None:
    text = 'network_rule(host="example.com", protocol="https", decision="allow")'
    read = parse_rules(FILE, f"\n{text}\n")
    assert read.rules == RuleSet()
    assert read.warnings == (
        f"{FILE}:2: network_rule for example.com has no effect in this program",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prefix_rule()", "1:1: prefix_rule needs `pattern`"),
        ("prefix_rule(pattern=[])", "1:1: pattern must not be empty"),
        ('prefix_rule(pattern="a")', "1:1: pattern must be a list"),
        ('prefix_rule(pattern=["a", []])', "1:1: alternatives in a pattern must not be empty"),
        ('prefix_rule(pattern=[[["a"]]])', "1:1: pattern must have strings in it"),
        ('prefix_rule(pattern=["a"], decision="deny")', "1:1: invalid decision: deny"),
        ('prefix_rule(pattern=["a"], decision=["allow"])', "1:1: decision must be a string"),
        ('prefix_rule(pattern=["a"], justification=" ")', "1:1: justification must not be empty"),
        ('prefix_rule(pattern=["a"], why="b")', "1:1: `why` is no argument of prefix_rule"),
        ('prefix_rule(["a"], pattern=["b"])', "1:1: `pattern` is given twice of prefix_rule"),
        ('prefix_rule(pattern=["a"], pattern=["b"])', "1:28: `pattern` twice"),
        (
            'prefix_rule(["a"], "allow", [], [], "b", "c")',
            "1:1: too many arguments for prefix_rule",
        ),
        ('host_executable(name="git")', "1:1: host_executable needs `paths`"),
        (
            'host_executable(name="bin/git", paths=[])',
            "1:1: name must be the bare name of a program: bin/git",
        ),
        (
            'host_executable(name="git", paths=["git"])',
            "1:1: paths must be absolute and end in git: git",
        ),
        (
            'host_executable(name="git", paths=["/bin/hg"])',
            "1:1: paths must be absolute and end in git: /bin/hg",
        ),
        ('load("other.rules", "x")', "1:1: load is not known here"),
    ],
)
def test_wrong_arguments_are_named(text: str, message: str) -> None:
    assert problem(text) == message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *[('x = ["git"]', "1:1"), ("\nimport os", "2:1"), ("def f():\n    pass", "1:1")],
        *[('[prefix_rule(pattern=[c]) for c in ["a"]]', "1:1"), ("os.system('x')", "1:1")],
        *[("if 1: prefix_rule(pattern=['a'])", "1:1"), ("1 + 1", "1:1")],
        *[("prefix_rule(pattern=x)", "1:21"), ("prefix_rule(pattern=('a',))", "1:21")],
        *[("prefix_rule(pattern=['a'] + ['b'])", "1:21"), ("prefix_rule(pattern=[1])", "1:22")],
        *[("prefix_rule(pattern=[f'a'])", "1:22"), ("prefix_rule(pattern=[b'a'])", "1:22")],
        *[("prefix_rule(pattern=[u'a'])", "1:22"), ("prefix_rule(**{'a': 'b'})", "1:13")],
        *[("prefix_rule(pattern=['a'], justification=None)", "1:42")],
        *[("prefix_rule(*['a'])", "1:13"), ("__import__('os').system('x')", "1:1")],
    ],
)
def test_only_calls_with_literal_values_are_understood(text: str, place: str) -> None:
    """Nothing is executed; what would have to be is refused."""
    assert problem(text).startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('prefix_rule(pattern=["git" "push"])', "1:28: no comma between two strings"),
        ('prefix_rule(pattern=[\n"git" # first\n"push"])', "3:1: no comma between two strings"),
        ('prefix_rule(pattern=["\\d"])', "1:22: an unknown escape in a string"),
        ('prefix_rule(pattern=["\\\\\\N{DASH}"])', "1:22: an unknown escape in a string"),
    ],
)
def test_what_the_two_languages_read_differently_is_refused(text: str, message: str) -> None:
    """Python would make `gitpush` of the first, and a rule that never holds."""
    assert problem(text) == message


@pytest.mark.parametrize(
    "text",
    [
        'prefix_rule(pattern=["a"]', 'prefix_rule(pattern=["a)', "prefix_rule(pattern=['a'", ")",
        '"""', "  pass", "pass\n  pass", "\0", "prefix_rule(pattern=" + "[" * 5000, "$",
        "'\ud800'(",
    ],
)  # fmt: skip
def test_a_torn_file_has_a_place(text: str) -> None:
    line, column, _ = problem(text).split(":", 2)
    assert int(line) >= 1
    assert int(column) >= 1


@pytest.mark.parametrize(
    ("examples", "message"),
    [
        ('match=["ls"]', "does not match `ls`"),
        ('match=["git", "hg"]', "does not match `hg`"),
        ('not_match=["git x"]', "matches `git x`"),
        ('not_match=["/usr/bin/git x"]', "matches `/usr/bin/git x`"),
        ('match=["git \\""]', 'an example in match is no command: git "'),
        ("match=['']", "an example in match is empty"),
        ("not_match=[[]]", "an example in not_match is empty"),
        ('match="git"', "match must be a list"),
    ],
)
def test_examples_are_checked(examples: str, message: str) -> None:
    assert problem(f'prefix_rule(pattern=["git"], {examples})') == f"1:1: {message}"


def test_examples_know_the_paths_of_programs_wherever_these_are_listed() -> None:
    rule = 'prefix_rule(pattern=["git"], match=["{}"])\n'
    hosts = 'host_executable(name="git", paths=["/opt/git"])\n'
    assert rules(rule.format("/opt/git x") + hosts)
    assert problem(rule.format("/usr/bin/git x") + hosts) == (
        "1:1: does not match `/usr/bin/git x`"
    )
