"""Documents to draw, without a model: one of each kind, and one in which every text is hostile."""

from __future__ import annotations

from typing import Any

from paramlint.verify.document.schema import (
    Counts,
    Details,
    Document,
    Environment,
    Found,
    Histogram,
    Init,
    Location,
    Parameter,
    Shown,
)
from paramlint.verify.process.outcome import Outcome

OK = Outcome(status="ok", stage="analyze", seconds=1.5)
#: What ends an element, an attribute, a comment or a string, what runs, and what a person does not see.
HOSTILE = (
    "</title></style></textarea><script>document.title='taken'</script><img src=x onerror=alert(1)>"
    "\"'`&amp;{{ 7 * 7 }}{% raw %}--><svg onload=alert(1)>\x1b[31m\u202etxt\u200b\x07\x00\ud800\r\n\u2028]]>"
)


def parameter(name: str, **changes: Any) -> Parameter:
    given: dict[str, Any] = {
        "shape": (4, 8),
        "dtype": "float32",
        "requires_grad": True,
        "status": "written",
        "written_fraction": 1.0,
        "init": Init(call="normal_", arguments={"std": 0.02}, filename="/p/net.py", row=12),
        "law": "normal(std=0.02)",
        "std": 0.019,
        "expected_std": 0.02,
    }
    return Parameter(name=name, **(given | changes))


def finding(where: str, **changes: Any) -> Found:
    given: dict[str, Any] = {
        "code": "PRM201",
        "name": "uninitialized-parameter",
        "message": f"`{where}` is never written",
        "filename": "",
        "location": Location(0),
        "verdict": "confirmed",
        "evidence": {},
    }
    return Found(parameter=where, **(given | changes))


def details(modules: dict[str, str] | None = None, **histograms: Histogram) -> Details:
    environment = Environment(python="3.12.1", torch="2.13.0", platform="Linux", seed=0, has_values=True)
    return Details(modules=modules or {}, histograms=histograms, environment=environment)


def document(*parameters: Parameter, **changes: Any) -> Document:
    elements = sum(p.numel for p in parameters)
    counts = Counts(
        parameters=len(parameters),
        elements=elements,
        trainable=elements,
        bytes=4 * elements,
        findings=len(changes.get("findings", ())),
    )
    given: dict[str, Any] = {"target": "net:Net", "outcome": OK, "summary": counts, "details": details()}
    return Document(parameters=parameters, **(given | changes))


def hostile() -> Document:
    """Everything that it can say, in the worst words."""
    name = HOSTILE.replace(".", "")
    init = Init(call=HOSTILE, arguments={HOSTILE: HOSTILE}, filename=HOSTILE, row=1, within=HOSTILE)
    common: dict[str, Any] = {"dtype": HOSTILE, "init": init, "law": HOSTILE}
    first = parameter(f"{name}.w", **common, status=HOSTILE, tied_with=(f"b.{name}",), aliases=(f"c.{name}",))
    second = parameter(f"c.{name}", **common, requires_grad=False, aliases=(first.name,))
    verdicts = ("confirmed", "refuted", "not observed", None)
    return document(
        first,
        second,
        target=HOSTILE,
        degraded=(HOSTILE,),
        findings=tuple(
            finding(
                where,
                code=HOSTILE,
                name=HOSTILE,
                message=HOSTILE,
                filename=HOSTILE,
                location=Location(1),
                verdict=verdict,
                evidence={HOSTILE: HOSTILE, "deep": {HOSTILE: [HOSTILE]}},
            )
            for where, verdict in zip((first.name, second.name, name, name), verdicts, strict=True)
        ),
        shown=(Shown(name=HOSTILE, statistics={HOSTILE: 1.0}, values=HOSTILE, gradient=HOSTILE),),
        details=Details(
            modules={"": HOSTILE, name: HOSTILE},
            histograms={first.name: Histogram(low=-1, high=1, counts=(1, 2), outside=3, expected=(0.5, 0.5))},
            environment=Environment(
                python=HOSTILE, torch=HOSTILE, platform=HOSTILE, seed=0, has_values=True, source=HOSTILE, sha256=HOSTILE
            ),
        ),
    )


def hostile_failure() -> Document:
    """A target that failed with the worst words."""
    outcome = Outcome(
        status="error",
        stage="import",
        message=HOSTILE,
        signature=HOSTILE,
        filename=HOSTILE,
        row=1,
        traceback=HOSTILE,
        output=HOSTILE,
    )
    return Document(target=HOSTILE, outcome=outcome)
