"""Claims: how a verdict looks, what counts as holding, and that a notebook's conclusions are claims."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest

from utils import claims, results, runtime

import claims_over_seeds
import execute

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
# Their conclusions are still prose; this list only ever shrinks.
NOT_YET: set[str] = set()


@pytest.fixture
def judged(monkeypatch):
    monkeypatch.setenv("COURSE_BUDGET", "cpu")


def _said(capsys, *arguments, **figures) -> str:
    claims.claim(*arguments, **figures)
    return capsys.readouterr().out.rstrip("\n")


def test_a_claim_that_holds_has_a_tick_and_its_figures(judged, capsys):
    said = _said(capsys, "Alignment doubles it", 0.9 > 2 * 0.4, aligned=0.9, as_printed=0.4)
    assert said == "✓ Alignment doubles it (aligned 0.9; as printed 0.4)"


def test_a_claim_that_fails_says_so_and_raises_nothing(judged, capsys):
    assert _said(capsys, "It helps", np.bool_(False), gain=-0.012345) == "✗ Not in this run: It helps (gain -0.0123)"
    assert _said(capsys, "It helps", float("nan") > 0).startswith("✗")


def test_at_the_smoke_budget_nothing_is_judged(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "smoke")
    assert _said(capsys, "It helps", False, gain=1) == "○ It helps (not judged at the smoke budget)"


@pytest.mark.parametrize(
    ("holds", "mark"),
    [
        (np.array([True, True]), "✓"),
        (np.array([True, False]), "✗"),
        ([True, True], "✓"),
        (keras.ops.convert_to_tensor(True), "✓"),
        (keras.ops.convert_to_tensor(False), "✗"),
        (1, "✓"),
    ],
    ids=str,
)
def test_conditions_of_all_kinds(judged, capsys, holds, mark):
    assert _said(capsys, "So it is", holds).startswith(mark)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.98765, "0.988"),
        (0.99871, "0.9987"),
        (123456, "123,456"),
        (123456.7, "123,457"),
        (1e-7, "1e-07"),
        (np.float32(2.5), "2.5"),
        (True, "yes"),
        ("B3", "B3"),
        ((0.25, 0.5), "0.25, 0.5"),
        (np.arange(9), "0, 1, 2, …, 8"),
        ([], ""),
        (None, "None"),
        (float("nan"), "nan"),
        ({"id": "a.b", "value": 0.9911, "unit": "fraction"}, "99.11 %"),
        ({"id": "a.b", "value": 276.0, "unit": "points"}, "276"),
    ],
    ids=str,
)
def test_figures_as_people_read_them(value, text):
    assert claims.figure_text(value) == text


def test_a_claim_on_the_ledger_is_judged_seed_by_seed(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "smoke")  # it depends on no budget
    given = {"unit": "points", "budget": "cpu", "backend": "x", "hardware": "h"}
    results.record("new", 3.0, values=[4, 3, 2, 3, 3], n=5, **given)
    results.record("old", 2.0, values=[1, 2, 3, 2, 2], n=5, **given)
    said = _said(capsys, "New is better", lambda new, old: new > old, new=results.get("new"), old=results.get("old"))
    assert said == "✓ New is better (new 3; old 2; in 4 of 5 seeds)"
    results.record("old", 2.0, values=[1, 3, 3, 2, 2], n=5, **given)
    said = _said(capsys, "New is better", lambda new, old: new > old, new=results.get("new"), old=results.get("old"))
    assert said.startswith("✗ Not in this run") and "in 3 of 5 seeds" in said


def test_a_claim_on_an_entry_of_one_value_is_marked_as_on_the_ledger(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_BUDGET", "smoke")
    given = {"unit": "points", "budget": "cpu", "backend": "x", "hardware": "h"}
    results.record("one", 7.0, n=50, **given)
    results.record("seeds", 5.0, values=[4, 5, 6], n=3, **given)
    entries = {"one": results.get("one"), "seeds": results.get("seeds")}
    said = _said(capsys, "One is more", lambda one, seeds: one > seeds, **entries)
    assert said == "✓ One is more (one 7; seeds 5; on the ledger)"
    assert _said(capsys, "One is less", lambda one, seeds: one < seeds, **entries).startswith("✗ Not in this run")
    said = _said(capsys, "It climbs", lambda first, last: first < last, first=1, last=2)  # of a stored curve
    assert said == "✓ It climbs (first 1; last 2; on the ledger)"


def test_the_page_shows_what_the_terminal_shows_and_no_markup_of_the_sentence(judged):
    shown = claims.Claim("a < b & `argmax` <script>", claims.HOLDS, {"x": "1 < 2"})
    bundle = shown._repr_mimebundle_()
    assert "a &lt; b &amp; <code>argmax</code> &lt;script&gt;" in bundle["text/html"]
    assert "1 &lt; 2" in bundle["text/html"] and bundle["text/plain"] == "✓ a < b & `argmax` <script> (x 1 < 2)"
    assert bundle[claims.MIME] == {
        "sentence": "a < b & `argmax` <script>",
        "state": "holds",
        "figures": {"x": "1 < 2"},
        "by_seed": [],
    }


# ---------------------------------------------------------------------------------------------------------------------
# Seeds


def test_course_seed_shifts_every_seed(monkeypatch):
    assert runtime.seed(3) == 3
    monkeypatch.setenv("COURSE_SEED", "2")
    assert runtime.seed(3) == 20_003
    runtime.start(seed=1, quiet=True)
    shifted = np.random.random()  # noqa: NPY002
    runtime.seed_everything(20_001)
    assert np.random.random() == shifted  # noqa: NPY002
    monkeypatch.setenv("COURSE_SEED", "-1")
    with pytest.raises(ValueError, match="COURSE_SEED is '-1'"):
        runtime.seed(3)


# ---------------------------------------------------------------------------------------------------------------------
# Executing notebooks


def _notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_markdown_cell("# 05 · A lesson"), *map(nbformat.v4.new_code_cell, sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


START = "from utils import runtime\nfrom utils.claims import claim\nimport numpy as np"
LUCK = "draw = np.random.default_rng(runtime.seed(0)).random()"


def test_a_notebook_with_a_failing_claim_is_not_accepted(judged, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(execute, "ROOT", tmp_path)
    path = _notebook(
        tmp_path / "05_x.ipynb", START, "x = 1\nclaim('One is one', x == 1, x=x)\nclaim('One is two', x == 2)"
    )
    before = path.read_bytes()
    assert not execute.execute(path)
    assert path.read_bytes() == before
    assert "does not hold in this run: One is two" in capsys.readouterr().err
    kept = nbformat.read(tmp_path / "build" / "failed-notebooks" / path.name, as_version=4)
    assert [found["state"] for found in claims.stored_claims(kept)] == ["holds", "fails"]


def test_claims_are_counted_over_seeds_and_recorded(judged, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(claims_over_seeds, "FOLDER", tmp_path / "kept")
    monkeypatch.setenv("COURSE_SEED", "0")
    path = _notebook(tmp_path / "05_x.ipynb", START, LUCK, "claim('Lucky', draw > 0.9)\nclaim('A number', draw < 1)")
    monkeypatch.setattr(claims_over_seeds, "find_notebooks", lambda numbers: [path])
    monkeypatch.setattr("sys.argv", ["claims_over_seeds.py", "05", "--seeds", "2"])
    results.record("claims.05.09", 1.0, unit="fraction", budget="cpu", backend="x", hardware="h", note="an old claim")
    assert claims_over_seeds.main() == 1
    draws = [np.random.default_rng(10_000 * seed).random() for seed in range(2)]
    lucky = results.get("claims.05.01")
    assert lucky["values"] == [float(draw > 0.9) for draw in draws] and lucky["note"] == "Lucky" and lucky["n"] == 2
    assert results.get("claims.05.02")["value"] == 1.0 and "claims.05.09" not in results.read()
    assert "05 WEAK" in capsys.readouterr().out
    monkeypatch.setattr(claims_over_seeds, "run", lambda path: pytest.fail("was kept, so it is not run again"))
    claims_over_seeds.main()


def test_the_stored_run_is_that_of_the_first_seed(judged, tmp_path, monkeypatch):
    monkeypatch.setattr(claims_over_seeds, "FOLDER", tmp_path / "kept")
    monkeypatch.setenv("COURSE_BUDGET", "cpu")
    path = _notebook(tmp_path / "05_x.ipynb", START, LUCK, "claim('A number', draw < 1)")
    executed = execute.run(path)
    execute.write_notebook(execute.normalise(executed), path)
    runs = []
    monkeypatch.setattr(claims_over_seeds, "run", lambda path: runs.append(path) or executed)
    first, second = (claims_over_seeds.claims_of(path, seed) for seed in range(2))
    assert first == second and [found["sentence"] for found in first] == ["A number"]
    assert len(runs) == 1  # for the second seed
    edited = nbformat.read(path, as_version=4)
    edited.cells[-1].source += "  # changed"
    nbformat.write(edited, path)
    claims_over_seeds.claims_of(path, 0)
    assert len(runs) == 2


# ---------------------------------------------------------------------------------------------------------------------
# The committed notebooks: rules, and that they would find what breaks them


def _tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def _calls(source: str) -> list[ast.Call]:
    return [node for node in ast.walk(_parsed(source)) if _is_claim(node)]


def _shows(cell) -> bool:
    """Does the stored output hold a figure or a table?"""
    for output in cell.outputs:
        data = output.get("data", {})
        if claims.MIME in data:
            continue
        if any(mime.startswith("image/") for mime in data):
            return True
        if re.search(r"<(table|img|svg|video|canvas)\b", data.get("text/html", "")):
            return True
        if re.search(r"^\|[ :-]*---", data.get("text/markdown", ""), re.MULTILINE):
            return True
    return False


def _told(output) -> bool:
    """Has each picture of this output an alternative text?"""
    data, metadata = output.get("data", {}), output.get("metadata", {})
    pictures = [mime for mime in data if mime.startswith("image/")]
    tags = re.findall(r"<img\b[^>]*>", data.get("text/html", ""))
    return all(metadata.get(mime, {}).get("alt") for mime in pictures) and all(
        re.search(r"""\balt=("[^"]+"|'[^']+')""", tag) for tag in tags
    )


def broken_rules(notebook) -> list[str]:
    """What a notebook's conclusions lack; empty if every one is a measured claim."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    found = [f"does not hold: {c['sentence']}" for c in claims.stored_claims(notebook) if c["state"] != claims.HOLDS]
    computed = {n.id for cell in code for n in _names(cell.source) if isinstance(n.ctx, ast.Store)}
    found += [f"a claim on the ledger alone whose condition is no function: {s}" for s in plain_on_the_ledger(code)]
    waiting, made = None, 0
    for cell in code:
        calls = _calls(cell.source)
        made += len(calls)
        if not all(_told(output) for output in cell.outputs):
            found.append(f"a picture without an alternative text: {cell.source}")
        for call in calls:
            found += _wrong_with(call, computed)
            if "nbval-check-output" in _tags(cell):
                found.append(f"a claim in a cell whose output is compared: {ast.unparse(call)}")
        if _shows(cell):
            if waiting is not None:
                found.append(f"nothing is claimed of: {waiting.source}")
            waiting = None if calls or "no-claim" in _tags(cell) else cell
        elif calls:
            waiting = None
    if waiting is not None:
        found.append(f"nothing is claimed of: {waiting.source}")
    if made and not claims.stored_claims(notebook):
        found.append("no output of a claim is stored")
    return found


def plain_on_the_ledger(code) -> list[str]:
    """Sentences of claims whose condition is an expression of nothing but the ledger and its curves: counted over seeds
    they would hold in every run, as a function they are marked as what they are."""
    stored, constant, found = {"results"}, {"np"}, []
    for node in (node for cell in code for node in _steps(_parsed(cell.source))):
        if isinstance(node, ast.Call):
            used = set() if isinstance(node.args[-1], ast.Lambda) else _used(node.args[-1])
            if used & stored and used <= stored | constant:
                found.append(ast.literal_eval(node.args[0]))
            continue
        value, targets = (node.iter, [node.target]) if isinstance(node, ast.For) else (node.value, node.targets)
        used = _used(value)
        names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored, constant = stored - names, constant - names
        if used & stored and used <= stored | constant:
            stored |= names
        elif (
            isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Dict)
            and not used
            and ast.unparse(value) not in ("[]", "{}")
        ):
            constant |= names
    return found


def _steps(tree: ast.AST) -> list[ast.AST]:
    """Assignments, loops and claims in the order of their lines."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.For) or _is_claim(node)]
    return sorted(nodes, key=lambda node: node.lineno)


def _is_claim(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "claim"


def _used(node: ast.AST) -> set[str]:
    """Names that an expression reads from outside itself."""
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
    own = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {
        n.arg for n in ast.walk(node) if isinstance(n, ast.arg)
    }
    return {n.id for n in names} - own - set(dir(builtins))


def _parsed(source: str) -> ast.AST:
    return ast.parse(re.sub(r"^\s*[%!].*$", "pass", source, flags=re.MULTILINE))


def _names(source: str) -> list[ast.Name]:
    return [node for node in ast.walk(_parsed(source)) if isinstance(node, ast.Name)]


def _wrong_with(call: ast.Call, computed: set[str]) -> list[str]:
    """Why a claim cannot fail, or nothing."""
    text = ast.unparse(call)
    if len(call.args) != 2 or not (isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
        return [f"a claim is one constant sentence and one condition: {text}"]
    condition = call.args[1]
    names = {node.id for node in ast.walk(condition) if isinstance(node, ast.Name)}
    if isinstance(condition, ast.Lambda):
        names = {node.id for figure in call.keywords for node in ast.walk(figure.value) if isinstance(node, ast.Name)}
        computed = computed | {"results"}
    if not (names - set(dir(builtins))) & computed:
        return [f"a claim that rests on nothing computed: {text}"]
    for node in ast.walk(condition):
        if isinstance(node, ast.Compare) and ast.dump(node.left) == ast.dump(node.comparators[0]):
            return [f"a claim that compares a thing with itself: {text}"]
    return []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_conclusion_is_a_claim_that_holds(path):
    broken = broken_rules(nbformat.read(path, as_version=4))
    if path.name[:2] in NOT_YET:
        assert broken, f"{path.stem} keeps all rules: take it off NOT_YET"
    else:
        assert not broken, "\n---\n".join(broken)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_counts_over_seeds_are_of_the_claims_that_are_made(path, monkeypatch):
    """Whoever rewords a claim counts again; lessons that were never counted have no entries."""
    monkeypatch.delenv("COURSE_RESULTS")
    number = path.name[:2]
    counted = [entry["note"] for name, entry in sorted(results.read().items()) if name.startswith(f"claims.{number}.")]
    made = [claim["sentence"] for claim in claims.stored_claims(nbformat.read(path, as_version=4))]
    assert [note.removeprefix("on the ledger: ") for note in counted] in ([], made)


def _executed(
    source: str, claim: claims.Claim | None = None, figure: bool = False, tags: tuple = (), told: bool = True
):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})
    if figure:
        alt = {"image/png": {"alt": "a line that rises"}} if told else {}
        cell.outputs.append(nbformat.v4.new_output("display_data", {"image/png": "…"}, metadata=alt))
    if claim:
        cell.outputs.append(nbformat.v4.new_output("display_data", claim._repr_mimebundle_()))
    return cell


GOOD = _executed("claim('It is large', x > 1, x=x)", claims.Claim("It is large", claims.HOLDS))
DRAWN = _executed("x = draw()", figure=True)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([DRAWN, GOOD], None),
        ([_executed("x = draw()", figure=True, tags=["no-claim"])], None),
        ([_executed("x = draw()\nclaim('Large', x > 1)", claims.Claim("Large", claims.HOLDS), figure=True)], None),
        (
            [
                DRAWN,
                _executed(
                    "claim('Ledger', lambda a: a > 1, a=results.get('x.y'))", claims.Claim("Ledger", claims.HOLDS)
                ),
            ],
            None,
        ),
        ([DRAWN], "nothing is claimed of"),
        ([_executed("x = draw()", figure=True, told=False), GOOD], "without an alternative text"),
        ([DRAWN, _executed("y = draw()", figure=True), GOOD], "nothing is claimed of"),
        ([DRAWN, _executed("claim('Large', x > 1)", claims.Claim("Large", claims.FAILS))], "does not hold"),
        ([DRAWN, _executed("claim('Large', x > 1)", claims.Claim("Large", claims.NOT_JUDGED))], "does not hold"),
        ([DRAWN, _executed("claim('Large', x > 1)")], "no output of a claim is stored"),
        ([DRAWN, _executed("claim('Large', True)", claims.Claim("Large", claims.HOLDS))], "rests on nothing"),
        ([DRAWN, _executed("claim('Large', 2 > 1)", claims.Claim("Large", claims.HOLDS))], "rests on nothing"),
        ([DRAWN, _executed("claim('Large', len('a') > 0)", claims.Claim("Large", claims.HOLDS))], "rests on nothing"),
        (
            [
                DRAWN,
                _executed(
                    "y = results.get('x.y')\nclaim('Ledger', y['value'] > 1)", claims.Claim("Ledger", claims.HOLDS)
                ),
            ],
            "on the ledger alone",
        ),
        ([DRAWN, _executed("claim('Same', x == x)", claims.Claim("Same", claims.HOLDS))], "with itself"),
        ([DRAWN, _executed("claim(f'{x}', x > 1)", claims.Claim("1", claims.HOLDS))], "one constant sentence"),
        (
            [DRAWN, _executed("claim('L', x > 1)", claims.Claim("L", claims.HOLDS), tags=["nbval-check-output"])],
            "output is compared",
        ),
    ],
)
def test_broken_rules_are_found(cells, complaint):
    found = broken_rules(nbformat.v4.new_notebook(cells=cells))
    assert (found == []) if complaint is None else any(complaint in text for text in found), found
