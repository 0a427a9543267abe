"""Ports the Autobahn testsuite, which is written in Python 2, to the Python 3 that runs this, and installs it there.

    python port.py <folder of the sdist>

The cases stay what they are: the grammar is translated by fissix, and what remains is where octets meet the network, a
file or a hash, and divisions. Each edit has to be found as often as it says, or nothing is installed. Prints the ids of
all cases, in the suite's order.
"""

import os
import re
import shutil
import sys
import sysconfig
import tarfile
import tempfile

from fissix import refactor

PACKAGE = "autobahntestsuite"
SITE = sysconfig.get_paths()["purelib"]

# What the rest of it is for is not conformance, and has dependencies of its own.
KEPT = {
    "__init__.py", "_version.py", "caseset.py", "choosereactor.py", "echo.py", "fuzzing.py", "interfaces.py",
    "report.py", "spectemplate.py", "testee.py", "util.py", "wstest.py",
}
# Not among the cases that the suite runs either.
UNUSED = "case/case9_9_1.py"

OCTETS = "from %s import octets" % PACKAGE

# File, what is there after the grammar, what is to be there, and how often.
EDITS = [
    ("__init__.py", "from . import broadcast\n", "", 1),
    ("__init__.py", "from . import massconnect\n", "", 1),
    ("wstest.py", "from . import broadcast\n", "", 1),
    ("wstest.py", "from . import massconnect\n", "", 1),
    ("wstest.py", "from . import serializer\n", "", 1),
    ("case/__init__.py", "from .case9_9_1 import *\n", "", 1),
    # Two equal strings need not be pickled alike any more.
    ("case/case.py", "pickle.dumps(obj1) == pickle.dumps(obj2)", "obj1 == obj2", 1),
    ("case/case10_1_1.py", "len(self.payload) / self", "len(self.payload) // self", 1),
    ("case/case6_x_x.py", "v.validate(vss[:i])", "v.validate(vss[:i].encode('latin-1'))", 1),
    ("case/case12_x_x.py", "hashlib, binascii", "hashlib\n%s as binascii" % OCTETS, 1),
    ("case/case12_x_x.py", "open(fn, 'rb').read()", "open(fn, 'rb').read().decode('latin-1')", 1),
    ("case/case12_x_x.py", "payload.decode('utf-8')", "payload.encode('latin-1').decode('utf-8')", 1),
    ("case/case12_x_x.py", "msg.encode('utf-8')", "msg.encode('utf-8').decode('latin-1')", 1),
    ("case/case12_x_x.py", "msg.decode('utf-8')", "msg.encode('latin-1').decode('utf-8')", 1),
    ("case/case12_x_x.py", "m.update(msg)", "m.update(msg.encode('latin-1'))", 2),
    ("fuzzing.py", "import os, json, binascii, time", "%s as binascii\n%s\nimport os, json, time" % (OCTETS, OCTETS), 1),
    (
        "fuzzing.py",
        "\nclass FuzzingProtocol:",
        "\nasciiLogData, binLogData = octets.asciiLogData, octets.binLogData\n\nclass FuzzingProtocol(octets.Outgoing):",
        1,
    ),
    ("fuzzing.py", "''.join(payload)", "b''.join(payload)", 1),
    ("fuzzing.py", "self.runCase.onPong(payload)", "self.runCase.onPong(octets.to_text(payload))", 1),
    ("fuzzing.py", "self.runCase.onMessage(msg, binary)", "self.runCase.onMessage(octets.to_text(msg), binary)", 1),
    ("fuzzing.py", "json.loads(msg)", "json.loads(octets.to_text(msg))", None),
    ("fuzzing.py", "self.http_request_data if", "octets.to_text(self.http_request_data) if", 1),
    ("fuzzing.py", "self.http_response_data if", "octets.to_text(self.http_response_data) if", 1),
    ("fuzzing.py", "report_filename), 'w')", "report_filename), 'w', encoding='utf-8', errors='backslashreplace')", 4),
    ("fuzzing.py", "json.dumps(res, sort_keys", "json.dumps(res, default = octets.to_text, sort_keys", 1),
    ("fuzzing.py", "json.dumps(case, sort_keys", "json.dumps(case, default = octets.to_text, sort_keys", 1),
    (
        "fuzzing.py",
        '(c[0], case[c[0]], c[1])).encode("utf-8"))',
        "(c[0], octets.to_text(case[c[0]]), c[1])))",
        1,
    ),
    ("fuzzing.py", "ll.encode('utf8')", "ll", 1),
    ("fuzzing.py", "webdir.putChild('cwd', curdir)", "webdir.putChild(b'cwd', curdir)", 1),
]

# The library that the suite stands on has come to Python 3 all by itself, but for this.
LIBRARY = "autobahn/websocket/protocol.py"
LIBRARY_EDIT = ("range(payload_len / len(payload))", "range(payload_len // len(payload))")


def translate(tool, path):
    """From one grammar to the other; as latin-1, which leaves every octet of a string as it is."""
    with open(path, encoding="latin-1", newline=None) as file:
        text = file.read()
    text = re.sub(r"^#.*coding[:=].*\n", "", text, flags=re.M).rstrip("\n") + "\n"
    return "# -*- coding: latin-1 -*-\n" + str(tool.refactor_string(text, path))


def edit(name, text):
    if name.startswith("case/"):
        text = re.sub(r"^import binascii$", OCTETS + " as binascii", text, flags=re.M)
        # A class cannot have its root before another base.
        text = text.replace("(object, Case, )", "(Case, )")
    for file, old, new, count in EDITS:
        if file == name:
            found = text.count(old)
            if found != count if count else found == 0:
                sys.exit("%s: %r is there %d times, not %s" % (name, old, found, count or "once or more"))
            text = text.replace(old, new)
    return text


def port(source, target):
    fixers = refactor.get_fixers_from_package("fissix.fixes")
    tool = refactor.RefactoringTool([name for name in fixers if not name.endswith(("_unicode", "_future", "_urllib"))])
    for folder in ("testdata", "web"):
        shutil.copytree(os.path.join(source, folder), os.path.join(target, folder))
    os.makedirs(os.path.join(target, "case"))
    cases = {"case/" + name for name in os.listdir(os.path.join(source, "case")) if name.endswith(".py")}
    for name in sorted((KEPT | cases) - {UNUSED}):
        text = edit(name, translate(tool, os.path.join(source, name)))
        with open(os.path.join(target, name), "w", encoding="latin-1") as file:
            file.write(text)
    shutil.copy(os.path.join(os.path.dirname(os.path.abspath(__file__)), "octets.py"), target)


def mend_library():
    path = os.path.join(SITE, LIBRARY)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    old, new = LIBRARY_EDIT
    if old not in text and new not in text:
        sys.exit("%s: %r is not there" % (LIBRARY, old))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))


def main(sources):
    (sdist,) = os.listdir(sources)
    target = os.path.join(SITE, PACKAGE)
    shutil.rmtree(target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        with tarfile.open(os.path.join(sources, sdist)) as archive:
            archive.extractall(work)
        (folder,) = os.listdir(work)
        port(os.path.join(work, folder, PACKAGE), target)
    mend_library()

    from autobahntestsuite import case
    from autobahntestsuite.caseset import CaseSet

    names = CaseSet(case.CaseSetname, case.CaseBasename, case.Cases, case.CaseCategories, case.CaseSubCategories)
    for each in case.Cases:
        print(names.caseClasstoId(each))


if __name__ == "__main__":
    main(sys.argv[1])
