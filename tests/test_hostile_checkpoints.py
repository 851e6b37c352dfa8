"""Files that are no checkpoints, broken ones, and such as would do harm: one clear line, nothing run, little memory."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from paramlint.frontends.cli import main
from paramlint.source.checkpoints.checkpoint_file import read_checkpoint
from paramlint.source.checkpoints.header import CheckpointError
from paramlint.source.checkpoints.pickle_records import MAX_BYTES

MOST_MEMORY = 50 << 20
GIB = 1 << 30
UNSET = 0xFFFFFFFF
NET = "from torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
NET += "        self.w = nn.Linear(2, 2)\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The current folder, with a model in it."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(NET)
    return tmp_path


@pytest.fixture
def refused(capsys):
    """What is said of a file that is refused."""

    def run(path: str) -> str:
        assert main(["match", "net.py:Net", path]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.count("\n") == 1
        return captured.err

    return run


def archive(data: bytes, path: str = "net.pt", **more: bytes) -> str:
    """What `torch.save` writes, with this pickle."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("net/data.pkl", data)
        for name, content in more.items():
            file.writestr(f"net/{name}", content)
    return path


def global_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


TENSOR = (
    global_of("torch._utils", "_rebuild_tensor_v2")
    + b"((X\x07\x00\x00\x00storage"
    + global_of("torch", "FloatStorage")
    + b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\x89N}tR"
)
KEY = b"X\x08\x00\x00\x00w.weight"


def state_with(*more: bytes) -> bytes:
    """A state dict with one tensor, and with these values beside it."""
    items = b"".join(b"X\x01\x00\x00\x00%d" % number + value for number, value in enumerate(more))
    return b"\x80\x02}(" + KEY + TENSOR + items + b"u."


def test_the_pickle_of_these_tests_is_one_that_is_read():
    (found,) = read_checkpoint(archive(state_with(b"K\x01"))).state_dicts
    assert (found.tensors, found.others) == ({"w.weight": (2, 2)}, ("0",))


# Pickles that would run code


class Made:
    """Reduces to a call, with items and pairs that it is given."""

    def __init__(self, function, arguments, state=None, items=None, pairs=None):
        self.call = function, arguments, state
        self.items, self.pairs = items, pairs

    def __reduce__(self):
        return *self.call, iter(self.items) if self.items else None, iter(self.pairs) if self.pairs else None


TOUCH = "open('harm', 'w').close()"
CALLS = {
    "os.system": Made(os.system, ("touch harm",)),
    "eval": Made(eval, (TOUCH,)),
    "exec": Made(exec, (TOUCH,)),
    "subprocess": Made(subprocess.check_output, (["touch", "harm"],)),
    "a call of what a call gives": Made(getattr, (Made(__import__, ("os",)), "system")),
    "state": Made(dict, (), {"x": Made(eval, (TOUCH,))}),
    "items": Made(list, (), None, [Made(eval, (TOUCH,))]),
    "pairs": Made(dict, (), None, None, [("x", Made(eval, (TOUCH,)))]),
}


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("call", CALLS)
def test_nothing_is_called(refused, call, protocol):
    said = refused(archive(pickle.dumps(CALLS[call], protocol)))
    assert "holds no state dict" in said
    assert not Path("harm").exists()


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_is_called_beside_a_state_dict(protocol):
    value = pickle.dumps(CALLS["eval"], protocol)[2 if protocol == 2 else 11 : -1]
    found = read_checkpoint(archive(state_with(value)))
    assert found.state_dicts[0].tensors == {"w.weight": (2, 2)}
    assert found.left_unread == ("__builtin__.eval" if protocol == 2 else "builtins.eval",)
    assert not Path("harm").exists()


def test_a_persistent_id_and_a_build_are_inert():
    gadget = global_of("builtins", "exec") + b"(X\x03\x00\x00\x00abctRX\x01\x00\x00\x00xb"
    found = read_checkpoint(archive(state_with(gadget, b"X\x02\x00\x00\x00idQ")))
    assert found.state_dicts[0].tensors == {"w.weight": (2, 2)}


def test_what_is_rebuilt_is_not_looked_up(refused):
    """A rebuilder that is asked to rebuild with a function of the file's choice."""
    data = global_of("torch._tensor", "_rebuild_from_type_v2") + b"(" + global_of("os", "system")
    data += global_of("os", "system") + b"(X\x0a\x00\x00\x00touch harmt}tR."
    assert "holds no state dict" in refused(archive(b"\x80\x02" + data))
    assert not Path("harm").exists()


@pytest.mark.parametrize("opcode", [b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00", b"\x97", b"\x98"])
def test_opcodes_that_no_state_dict_needs_are_refused(refused, opcode):
    assert "uses what no checkpoint does" in refused(archive(b"\x80\x05}" + opcode + b"."))


# Pickles that would take all memory or time


def nested(opcode: bytes, times: int) -> bytes:
    return b"\x80\x02N" + opcode * times + b"."


BOMBS = {
    "a text of a length that is not there": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 40) + b".",
    "bytes of a length that is not there": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b".",
    "a place in the memo far away": b"\x80\x02}r\xff\xff\xff\xff0.",
    "a number of many digits": b"I" + b"9" * (1 << 20) + b"\n.",
    "a long number": b"\x80\x02\x8b" + struct.pack("<i", 1 << 22) + b"\xff" * (1 << 22) + b".",
    "a line without end": b"X" * 10 + b"c" + b"a" * (1 << 20),
    "deep tuples": nested(b"\x85", 1 << 19),
    "deep lists": b"\x80\x02" + b"(" * (1 << 19) + b"l" * (1 << 19) + b".",
    "many dicts": b"\x80\x02" + b"}" * (1 << 20) + b".",
    "many marks": b"\x80\x02" + b"(" * (1 << 23) + b".",
    "many memos": b"\x80\x04}" + b"\x94" * (1 << 20) + b".",
    "many memos by number": b"\x80\x02}" + b"".join(b"r" + struct.pack("<I", n) for n in range(1 << 19)) + b".",
    "each twice the one before": b"\x80\x02}" + b"2\x86" * (1 << 16) + b".",
    "copies of one list": b"\x80\x02(" + b"K\x01" * 1000 + b"lq\x00" + b"h\x00" * (1 << 22) + b".",
    "texts": b"\x80\x02" + b"".join(b"X\x04\x00\x00\x00%04d" % (n % 10000) for n in range(1 << 20)) + b".",
    "a tuple key, deep": b"\x80\x02}N" + b"\x85" * (1 << 18) + b"K\x01s.",
    "a dict in itself": b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.",
    "an empty stack": b"\x80\x02R.",
    "a mark that is missing": b"\x80\x02t.",
    "a memo that is missing": b"\x80\x02h\x07.",
    "no end": b"\x80\x02}",
    "a shape below zero": b"\x80\x02" + TENSOR.replace(b"K\x02K\x02\x86", b"J\xff\xff\xff\xffK\x02\x86") + b".",
    "a shape of texts": b"\x80\x02" + TENSOR.replace(b"K\x02K\x02\x86", b"X\x01\x00\x00\x00aK\x02\x86") + b".",
    "a shape of shapes": b"\x80\x02" + TENSOR.replace(b"K\x02K\x02\x86", b"K\x02\x85K\x02\x86") + b".",
    "rebuilders in rebuilders": b"\x80\x02"
    + (global_of("torch._tensor", "_rebuild_from_type_v2") + b"q\x00N(") * 3000
    + b"N" + b"t\x87" * 3000 + b"R.",
}  # fmt: skip


#: Reads files, and says for each the line with which it is refused; then by how much memory has grown.
READ = """
import sys
from paramlint.source.checkpoints.checkpoint_file import read_checkpoint
from paramlint.source.checkpoints.header import CheckpointError

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))

before = peak()
for path in sys.argv[1:]:
    try:
        read_checkpoint(path)
    except CheckpointError as error:
        print(error)
print(peak() - before)
"""


def refused_in_little_memory(*paths: str) -> list[str]:
    """What is said of files that another process reads, all of which are refused in little memory."""
    done = subprocess.run([sys.executable, "-c", READ, *paths], capture_output=True, text=True, check=True)
    *lines, grown = done.stdout.splitlines()
    assert len(lines) == len(paths)
    assert int(grown) < MOST_MEMORY
    return lines


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from there")


@needs_proc
@pytest.mark.heavy
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_takes_little_memory(bomb):
    refused_in_little_memory(archive(BOMBS[bomb]))


@needs_proc
def test_one_of_each_kind_of_bomb_takes_little_memory():
    quick = [data for data in BOMBS.values() if len(data) < 1 << 18] + [BOMBS["many memos"]]
    refused_in_little_memory(*(archive(data, f"{number}.pt") for number, data in enumerate(quick)))


@needs_proc
@pytest.mark.parametrize("bomb", ["a line without end", "a dict in itself", "no end", "many memos"])
def test_a_bomb_in_the_older_form_too(bomb):
    magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
    Path("net.pt").write_bytes(magic + b"\x80\x02M\xe9\x03." + b"\x80\x02}." + BOMBS[bomb])
    refused_in_little_memory("net.pt")


# Archives


def test_an_archive_that_unpacks_to_very_much(refused):
    with zipfile.ZipFile("net.pt", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("net/data.pkl", b"\x80\x02" + b"}" * (64 << 20))
    assert Path("net.pt").stat().st_size < 1 << 20
    assert f"a list of names of more than {MAX_BYTES >> 20} MiB" in refused("net.pt")


@needs_proc
def test_an_archive_that_lies_about_what_it_unpacks_to():
    packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packed.compress(b"}" * (64 << 20)) + packed.flush()
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(data), 100, 12, 0) + b"net/data.pkl"
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(data), 100, 12, 0, 0, 0, 0, 0, 0)
    entry += b"net/data.pkl"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), len(local) + len(data), 0)
    Path("net.pt").write_bytes(local + data + entry + end)
    refused_in_little_memory("net.pt")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_an_archive_that_is_cut_off(refused, share):
    whole = Path(archive(state_with(), values=b"\0" * 10_000)).read_bytes()
    Path("net.pt").write_bytes(whole[: int(len(whole) * share)])
    assert "is cut off" in refused("net.pt")


def test_an_archive_with_any_byte_changed_never_fails():
    whole = bytearray(Path(archive(state_with(b"K\x01"))).read_bytes())
    for place in range(0, len(whole), 2):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        Path("net.pt").write_bytes(changed)
        try:
            read_checkpoint("net.pt")
        except CheckpointError as error:
            assert "\n" not in str(error)


def test_an_archive_with_two_lists_of_names(refused):
    with zipfile.ZipFile("net.pt", "w") as file:
        file.writestr("a/data.pkl", state_with())
        file.writestr("b/data.pkl", state_with())
    assert "is ambiguous" in refused("net.pt")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("net/constants.pkl", b"", "is a TorchScript program"),
        ("arr_0.npy", b"", "is a zip archive, but none that `torch.save` writes"),
    ],
)
def test_other_archives(refused, name, content, said):
    with zipfile.ZipFile("net.pt", "w") as file:
        file.writestr(name, content)
    assert said in refused("net.pt")


# Safetensors


def header(text: str, length: int | None = None, data: bytes = b"") -> str:
    raw = text.encode()
    Path("net.safetensors").write_bytes(struct.pack("<Q", len(raw) if length is None else length) + raw + data)
    return "net.safetensors"


GOOD = '{"w.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}'


@pytest.mark.parametrize(
    ("text", "length", "data", "said"),
    [
        (GOOD, 1 << 60, b"", "is cut off or corrupt: its header says"),
        (GOOD, 10_000, b"", "is cut off or corrupt: its header says"),
        (GOOD, None, b"\0" * 15, "is cut off: it ends before the last of its tensors"),
        (GOOD[:-1], None, b"\0" * 16, "is corrupt: its header is not that of a safetensors file"),
        ("{" + '"a":' * 3, None, b"", "is corrupt"),
        ("[" * 100_000, None, b"", "is corrupt"),
        ('{"a":' * 100_000, None, b"", "is corrupt"),
        ('{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,0]}}', None, b"", "gives a shape below zero"),
        ('{"w":{"dtype":"F32","shape":["a"],"data_offsets":[0,0]}}', None, b"", "is corrupt"),
        ('{"w":3}', None, b"", "is corrupt"),
    ],
)
def test_a_header_that_is_wrong(refused, text, length, data, said):
    assert said in refused(header(text, length, data))


def test_a_header_that_is_too_long(refused):
    path = header(" " * (9 << 20))
    assert "has a header of more than 8 MiB" in refused(path)


# Files that are none


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello", "is no checkpoint: neither safetensors nor what `torch.save` writes"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "is no checkpoint"),
        (b"GGUF\3\0\0\0" + b"\0" * 100, "is no checkpoint"),
        (b"\0" * 1000, "is no checkpoint"),
        (pickle.dumps({"a": 1}), "is a pickle, but none that `torch.save` wrote"),
        (pickle.dumps([1, 2], 0), "is a pickle, but none that `torch.save` wrote"),
    ],
)
def test_a_file_that_is_no_checkpoint(refused, content, said):
    Path("net.pt").write_bytes(content)
    assert said in refused("net.pt")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x80\x02K\x01.", "holds no state dict but a int"),
        (b"\x80\x02" + TENSOR + b".", "holds no state dict but a tensor"),
        (b"\x80\x02}X\x01\x00\x00\x00aK\x01s.", "holds no state dict, only `a`"),
    ],
)
def test_what_is_saved_is_no_state_dict(refused, data, said):
    assert said in refused(archive(data))


def test_a_folder_and_a_pipe(refused, folder):
    (folder / "empty").mkdir()
    assert "is a folder without weights" in refused("empty")
    (folder / "dcp").mkdir()
    (folder / "dcp" / ".metadata").write_bytes(b"")
    assert "is a distributed checkpoint" in refused("dcp")
    os.mkfifo("pipe")
    assert "`pipe` cannot be read: it is no regular file" in refused("pipe")
    assert "`none` cannot be read: No such file or directory" in refused("none")
    assert "cannot be read" in refused("net.pt\0")
    assert "it is no regular file" in refused("/dev/zero")


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("[]", "has no `weight_map`"),
        ("{", "has no `weight_map`"),
        ('{"weight_map": {"a": "../../etc/passwd"}}', "names the file `../../etc/passwd`, which is not beside it"),
        ('{"weight_map": {"a": "/etc/passwd"}}', "which is not beside it"),
        ('{"weight_map": {"a": "model.safetensors.index.json"}}', "which is not beside it"),
        ('{"weight_map": {"a": "none.safetensors"}}', "which cannot be read: No such file or directory"),
        ('{"weight_map": {"a": "net.py"}}', "names the file `net.py`, which is no checkpoint"),
        (json.dumps({"weight_map": {str(n): f"{n}.bin" for n in range(3000)}}), "and 2,000 are the most"),
    ],
)
def test_an_index_that_is_wrong(refused, index, said):
    Path("model.safetensors.index.json").write_text(index)
    assert said in refused("model.safetensors.index.json")


# Large files: of 100 GB, with holes


def sparse_safetensors() -> str:
    size = 100 * GIB // 4
    text = json.dumps(
        {f"w.{n}": {"dtype": "F32", "shape": [size // 1000], "data_offsets": [0, 0]} for n in range(1000)}
    )
    path = header(text)
    os.truncate(path, 100 * GIB)
    return path


def sparse_archive() -> str:
    data, values = state_with(), 100 * GIB
    with open("net.pt", "wb") as file:
        file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 0, 0, len(data), len(data), 12, 0))
        file.write(b"net/data.pkl" + data)
        second = file.tell()
        file.write(struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 0, 0, UNSET, UNSET, 10, 0) + b"net/data/0")
        file.seek(values, os.SEEK_CUR)
        table = file.tell()
        head = ("<4s6H3L5H2L", b"PK\1\2", 45, 45, 0, 0, 0, 0, 0)
        file.write(struct.pack(*head, len(data), len(data), 12, 0, 0, 0, 0, 0, 0) + b"net/data.pkl")
        file.write(struct.pack(*head, UNSET, UNSET, 10, 20, 0, 0, 0, 0, second) + b"net/data/0")
        file.write(struct.pack("<HHQQ", 1, 16, values, values))
        end = file.tell()
        file.write(struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, end - table, table))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, UNSET, UNSET, 0))
    return "net.pt"


@pytest.mark.skipif(sys.platform == "win32", reason="files with holes are made another way there")
@pytest.mark.parametrize("make", [sparse_safetensors, sparse_archive])
def test_a_file_of_100_gb_takes_little_memory(make):
    path = make()
    assert os.stat(path).st_size >= 100 * GIB
    tracemalloc.start()
    try:
        found = read_checkpoint(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found.state_dicts[0].tensors) in (1, 1000)
    assert peak < MOST_MEMORY // 10


@pytest.mark.parametrize("place", ["end", "table"])
def test_an_archive_whose_table_is_said_to_be_of_gigabytes(refused, place):
    path = sparse_archive()
    with open(path, "r+b") as file:
        file.seek(-22 - 20 - 56 + (40 if place == "end" else 48), os.SEEK_END)
        file.write(struct.pack("<Q", 90 * GIB if place == "end" else 0))
    refused(path)


def test_an_older_file_whose_pickle_never_ends(refused):
    Path("net.pt").write_bytes(b"\x80\x02")
    os.truncate("net.pt", 100 * GIB)
    refused("net.pt")
