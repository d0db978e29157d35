"""How platforms lay out what they give to be downloaded: an entry of `LAYOUTS` for each.

A layout is told by the names of most entries: what one student puts in a folder does not decide it. A new platform is a
function that says whether a folder is its download, and one that reads it.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from grader.assignment.choosing import folded, original_of
from grader.batch.download import ClassFolder, HandedIn, Person, answers_in, files_of, is_folder, key_of
from grader.batch.times import read_time
from grader.errors import SubmissionError
from grader.submission.handed_in import SUFFIXES
from grader.submission.read import read_file

METADATA = "submission_metadata.yml"
TIMESTAMP = "timestamp.txt"
TYPED = "it is a text that was typed in, and no file"

_CANVAS = re.compile(
    r"(?P<student>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?:(?P<number>\d+)_(?P<file>.+)|(?:text|link)\.html)", re.DOTALL
)
_CANVAS_ANONYMOUS = re.compile(
    r"(?P<student>anon(?:ymous)?(?:[ _](?:user|student))?)_(?!user_|student_)(?P<late>LATE_)?(?P<user>[A-Za-z0-9]+)"
    r"(?P<late_too>_LATE)?_(?:(?P<number>\d+)_)?(?P<file>.+)",
    re.DOTALL | re.IGNORECASE,
)
_CANVAS_AGAIN = re.compile(r"(?P<stem>.+)-(?P<again>\d{1,2})(?P<suffix>\.\w+)", re.DOTALL)
MOODLE = re.compile(r"(?P<student>[^_]+)_(?P<user>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_(?P<file>.*))?", re.DOTALL)
"""A name of Moodle's has no `_` in it: all behind the first one is a file's, which the student named."""
_GROUP = re.compile(
    r"(?:default |기본 )?(group|team|groupe|gruppe|grupo|equipo|équipe|그룹|모둠|팀|小组|グループ|チーム)(?![^\W\d_])"
    r"|(조|組|组)\s*\d+|\d+\s*(조|팀|모둠|그룹|組|组|班)$",
    re.IGNORECASE,
)
"""How groups are called where nobody gives them a name: a Moodle download tells in no other way that it is one."""
_GRADESCOPE = re.compile(r"submission_\d+")
_BLACKBOARD = re.compile(
    r"(?P<user>.+?)_attempt_(?P<date>\d{4}-\d\d-\d\d)-(?P<time>\d\d-\d\d-\d\d)(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
_TOLD_NAME = re.compile(r"\A\s*[^:\n]+:\s*(?P<name>.+?)\s*\((?P<user>[^()]+)\)\s*$", re.MULTILINE)
_TOLD_TIME = re.compile(r"^Date Submitted:\s*(.+)$", re.MULTILINE)
_BRIGHTSPACE = re.compile(
    r"(?P<user>\d+)-\d+ - (?P<student>.+?) - (?P<time>[^-]*\d{4}[^-]*?)(?: - (?P<file>.+))?", re.DOTALL
)
_GOOGLE = re.compile(r"(?P<left>.+?) - (?P<right>.+)", re.DOTALL)


@dataclass(frozen=True)
class Layout:
    """A form of download.

    Attributes:
        name: as `--layout` has it.
        fits: whether a folder is of this form.
        read: what was handed in there.
        students: the names of folders that are a student's, and never the class's.
    """

    name: str
    fits: Callable[[ClassFolder], bool]
    read: Callable[[ClassFolder], Iterable[HandedIn]]
    students: re.Pattern[str] | None = None


def is_told(name: str) -> bool:
    """Whether a file is none that was handed in, but says who handed something in, or when."""
    found = _BLACKBOARD.fullmatch(name)
    return name in (METADATA, TIMESTAMP) or (found is not None and found["file"] is None)


def is_named(name: str) -> bool:
    """Whether a file has the name that a platform gives to what was handed in."""
    return is_surely_named(name) or any(form.fullmatch(name) for form in (_CANVAS, _CANVAS_ANONYMOUS))


def is_surely_named(name: str) -> bool:
    """The same, of a name that nobody would give to a file otherwise."""
    return any(form.fullmatch(name) for form in (MOODLE, _BLACKBOARD, _BRIGHTSPACE))


def _most(paths: Iterable[Path], form: re.Pattern[str]) -> bool:
    of_it = [form.fullmatch(path.name) is not None for path in paths]
    return sum(of_it) * 2 > len(of_it)


def _together(matched: Iterable[tuple[Any, HandedIn]]) -> Iterator[HandedIn]:
    """What has the same first part is one hand-in, of all the files."""
    groups: dict[Any, list[HandedIn]] = defaultdict(list)
    for key, one in matched:
        groups[key].append(one)
    for several in groups.values():
        yield HandedIn(
            several[0].people,
            tuple(path for one in several for path in one.paths),
            names=tuple(name for one in several for name in one.names),
            submitted=several[0].submitted,
            late=several[0].late,
            group=several[0].group,
        )


def _shared(names: Iterable[str], mark: str) -> str:
    """The parts, each with a mark behind it, that all names begin with; never a whole name."""
    parts = zip(*(name.split(mark)[:-1] for name in names), strict=False)
    return "".join(f"{same[0]}{mark}" for same in takewhile(lambda part: len(set(part)) == 1, parts))


def _unnamed(path: Path, form: str) -> HandedIn:
    """What is not named as all else in a download: a row with its reason, so that nobody is lost."""
    student = path.name if is_folder(path) else path.stem
    return HandedIn((Person(key_of(student)),), (path,), f"its name is not of the form `{form}`")


# -- our own: a file or a folder for each student


def _read_files(place: ClassFolder) -> Iterator[HandedIn]:
    """`ada.ipynb`; what a browser calls `ada (1).ipynb` is ada's, too, where there is `ada.ipynb`."""
    stems = {path.stem for path in place.entries}
    found: list[tuple[Any, HandedIn]] = []
    for path in place.entries:
        again = re.fullmatch(r"(.+?)\s*\(\d+\)", path.stem, re.DOTALL)
        folder = is_folder(path) and path.suffix.lower() not in SUFFIXES
        name = path.name if folder else again[1] if again and again[1] in stems else path.stem
        found.append((key_of(name), HandedIn((Person(key_of(name)),), (path,))))
    yield from _together(found)


def _are_folders(place: ClassFolder) -> bool:
    return len(place.folders) > len(place.files)


def _read_students(place: ClassFolder) -> Iterator[HandedIn]:
    """`ada/...`"""
    for path in place.entries:
        name = path.name if is_folder(path) or path.is_symlink() else path.stem
        yield HandedIn((Person(key_of(name)),), (path,))


# -- Canvas, "Download Submissions"


def _canvas(path: Path) -> re.Match[str] | None:
    return _CANVAS_ANONYMOUS.fullmatch(path.name) or _CANVAS.fullmatch(path.name)


def _is_canvas(place: ClassFolder) -> bool:
    files = place.files
    return len(files) >= len(place.folders) and sum(_canvas(path) is not None for path in files) * 2 > len(files)


def _read_canvas(place: ClassFolder) -> Iterator[HandedIn]:
    """`lovelaceada_LATE_123_456_quiz.ipynb`: 123 is the student's, 456 the file's. All of one student are one hand-in,
    unless only some of them are late: then two downloads are in one folder.
    """
    groups: dict[tuple[str, bool], list[tuple[int, str, Path]]] = defaultdict(list)
    people: dict[str, Person] = {}
    for path in place.entries:
        match = _canvas(path)
        if match is None or is_folder(path):
            yield _unnamed(path, "student_123_456_file")
            continue
        parts = match.groupdict()
        key = key_of(f"{parts['student']}_{parts['user']}")
        anonymous = "late_too" in parts
        people[key] = Person(key, parts["student"], id="" if anonymous else parts["user"])
        late = bool(parts["late"] or parts.get("late_too"))
        groups[key, late].append((int(parts["number"] or 0), parts["file"] or path.name, path))
    for (key, late), files in groups.items():
        last, earlier = _versions(files)
        over = tuple(f"{name} (handed in again as another)" for name in earlier)
        names, paths = zip(*last.items(), strict=True)
        yield HandedIn((people[key],), paths, names=names, late=late, order=int(late), passed_over=over)


def _versions(files: list[tuple[int, str, Path]]) -> tuple[dict[str, Path], list[str]]:
    """The last of each file by its name, and the names of those before.

    Canvas calls a file `quiz-2.ipynb` that was handed in again, with a higher number of its own. Where there is no such
    file before, it may be a student's own name.
    """
    numbers = {name: number for number, name, _ in files}
    latest: dict[str, tuple[str, Path]] = {}
    earlier = []
    for number, name, path in sorted(files):
        again = _CANVAS_AGAIN.fullmatch(name)
        first = f"{again['stem']}{again['suffix']}" if again else name
        of = first if numbers.get(first, number) < number else name
        if of in latest:
            earlier.append(latest[of][0])
        latest[of] = (name, path)
    return dict(latest.values()), earlier


# -- Moodle, "Download all submissions", in folders or not


def _read_moodle(place: ClassFolder) -> Iterator[HandedIn]:
    """`Ada Lovelace_123_assignsubmission_file_/quiz.ipynb`, or the same flat; 123 is the participant's. A group's name
    is before each member's (`Team A-Ada Lovelace_123_...`), or alone, with a number that is no participant's.
    """
    matches = {path: MOODLE.fullmatch(path.name) for path in place.entries}
    grouped = _with_groups({match["student"] for match in matches.values() if match})
    files: dict[tuple[str, str], dict[Path, str]] = defaultdict(dict)
    texts: dict[tuple[str, str], dict[Path, str]] = defaultdict(dict)
    for path, match in matches.items():
        if match is None:
            yield _unnamed(path, "name_123_assignsubmission_file")
        else:
            kind = files if match["kind"] == "file" else texts
            kind[match["student"], match["user"]][path] = match["file"] or ""
    for who in {**files, **texts}:
        key = key_of("_".join(who))
        group, dash, name = who[0].partition("-")
        if _GROUP.match(who[0]) and not dash:
            person, group = Person(key, who[0]), who[0]
        elif grouped and dash:
            person = Person(key, name, id=who[1])
        else:
            person, group = Person(key, who[0], id=who[1]), ""
        problem = "" if who in files else TYPED
        handed = files.get(who) or texts[who]
        yield HandedIn((person,), tuple(handed), problem, tuple(handed.values()), group=group)


def _with_groups(names: set[str]) -> bool:
    """Whether groups' names are before those of members: before all, and one before several or one that groups have."""
    before = Counter(name.partition("-")[0] for name in names)
    all_have = bool(names) and all("-" in name for name in names)
    return all_have and (max(before.values()) > 1 or any(_GROUP.match(name) for name in before))


# -- Gradescope, "Export Submissions"


def _read_gradescope(place: ClassFolder) -> Iterator[HandedIn]:
    """`submission_123/...`, of whom `submission_metadata.yml` tells who handed it in: one, or a group."""
    told = _metadata(place.path / METADATA)
    for path in place.entries:
        if not is_folder(path) and not path.is_symlink():
            continue
        about = told.get(path.name, {})
        people = tuple(_submitters(about.get(":submitters"))) or (Person(key_of(path.name)),)
        submitted = read_time(about.get(":created_at"), UTC)
        yield HandedIn(people, (path,), submitted=submitted, group=path.name if len(people) > 1 else "")


def _submitters(told: Any) -> Iterator[Person]:
    """Who handed a submission in, as Gradescope's metadata tells."""
    for one in told if isinstance(told, list) else []:
        about = {k: str(v) for k, v in one.items() if isinstance(v, (str, int)) and v} if isinstance(one, dict) else {}
        known = about.get(":email") or about.get(":sid") or about.get(":name")
        if known:
            email, sid = about.get(":email", ""), about.get(":sid", "")
            yield Person(key_of(known), about.get(":name", ""), email, sid or email)


def _metadata(path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.load(read_file(path).decode(), Loader=_Texts)
    except (SubmissionError, ValueError, OverflowError, RecursionError, yaml.YAMLError):
        return {}
    if not isinstance(loaded, dict):
        return {}
    return {key: value for key, value in loaded.items() if isinstance(value, dict)}


class _Texts(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML's safe types, and all unknown tags (Ruby's) passed over."""


_Texts.add_multi_constructor("!", lambda loader, suffix, node: None)


# -- nbgrader's `submitted`


def _of_nbgrader(place: ClassFolder, student: Path) -> Path | None:
    """The assignment's folder in a student's: the one of its name, else the only one, where that has a time in it."""
    folders = [path for path in sorted(student.iterdir()) if is_folder(path)] if os.access(student, os.R_OK) else []
    own = [path for path in folders if place.is_titled(path.name)]
    timed = [path for path in folders if (path / TIMESTAMP).is_file()]
    return own[0] if own else timed[0] if len(timed) == 1 else None


def _is_nbgrader(place: ClassFolder) -> bool:
    folders = place.folders
    if any(map(answers_in, folders)):
        return False
    return sum(_of_nbgrader(place, path) is not None for path in folders) * 2 > len(folders)


def _read_nbgrader(place: ClassFolder) -> Iterator[HandedIn]:
    """`ada/quiz/...`, with `timestamp.txt`."""
    for path in place.entries:
        person = Person(key_of(path.name), id=path.name)
        found = _of_nbgrader(place, path) if is_folder(path) else None
        if path.is_symlink():
            yield HandedIn((person,), (path,), "it is a symbolic link")
        elif found is None:
            yield HandedIn((person,), (path,), "it has no folder of the assignment")
        else:
            stamp = found / TIMESTAMP
            told = "" if stamp.is_symlink() else _text(stamp)
            yield HandedIn((person,), (found,), submitted=read_time(told, UTC))


def _text(path: Path, most: int = 10_000) -> str:
    """The beginning of a file that a platform wrote; nothing where it cannot be read."""
    try:
        return read_file(path)[:most].decode("utf-8-sig", errors="replace")
    except SubmissionError:
        return ""


# -- Blackboard, "Assignment File Download"


def _read_blackboard(place: ClassFolder) -> Iterator[HandedIn]:
    """`quiz_kim2024_attempt_2024-03-01-12-30-00_my.ipynb`, and a text without the file's name that tells more."""
    matches = [(path, _BLACKBOARD.fullmatch(path.name)) for path in place.entries]
    told = {
        (match["user"], match["date"], match["time"]): _text(path)
        for path, match in matches
        if match and match["file"] is None
    }
    title = _shared({match["user"] for _, match in matches if match}, "_")
    found: list[tuple[Any, HandedIn]] = []
    files = {(m["user"], m["date"], m["time"]) for _, m in matches if m and m["file"]}
    for path, match in matches:
        if match is None:
            yield _unnamed(path, "quiz_student_attempt_2024-03-01-12-30-00_file")
            continue
        attempt = (match["user"], match["date"], match["time"])
        more = told.get(attempt, "")
        said = _TOLD_NAME.search(more)
        user = said["user"] if said and match["user"].endswith(said["user"]) else match["user"].removeprefix(title)
        time = _TOLD_TIME.search(more)
        submitted = read_time(time[1], place.zone) if time else None
        submitted = submitted or read_time(f"{match['date']} {match['time'].replace('-', ':')}", place.zone)
        person = Person(key_of(user), said["name"] if said else "", id=user)
        if match["file"]:
            found.append((attempt, HandedIn((person,), (path,), names=(match["file"],), submitted=submitted)))
        elif attempt not in files:
            yield HandedIn((person,), (path,), TYPED, submitted=submitted)
    yield from _together(found)


# -- Brightspace, "Download" in a submission folder


def _read_brightspace(place: ClassFolder) -> Iterator[HandedIn]:
    """`12345-67890 - Ada Lovelace - Mar 1, 2024 1230 PM/...`, or the same flat; 12345 is the student's."""
    found: list[tuple[Any, HandedIn]] = []
    for path in place.entries:
        match = _BRIGHTSPACE.fullmatch(path.name)
        if match is None:
            yield _unnamed(path, "123-456 - name - Mar 1, 2024 1230 PM")
            continue
        group = match["student"] if _GROUP.match(match["student"]) else ""
        key = key_of(f"{match['student']}_{match['user']}")
        person = Person(key, match["student"], id="" if group else match["user"])
        submitted = read_time(match["time"], place.zone)
        names = (match["file"] or path.name,)
        found.append(((key, match["time"]), HandedIn((person,), (path,), "", names, submitted, group=group)))
    yield from _together(found)


# -- Google Classroom: the assignment's folder in Drive


def _google_name(title: str) -> str:
    """A side of ` - ` as the title that it is a copy of, if it is one."""
    return folded(Path(original_of(title)).stem)


def _google_title(place: ClassFolder) -> str:
    """On which side of ` - ` the title is: the one that is the assignment's, or that is the same for more."""
    sides: dict[str, Counter[str]] = {"left": Counter(), "right": Counter()}
    for path in place.files:
        if match := _GOOGLE.fullmatch(path.stem):
            for side, names in sides.items():
                names[_google_name(match[side])] += 1
    for side in ("right", "left"):
        if any(name in place.titles for name in sides[side]):
            return side
    left, right = (max(names.values(), default=0) for names in sides.values())
    return "left" if left > right else "right"


def _is_google(place: ClassFolder) -> bool:
    return len(place.files) >= len(place.folders) and _most(
        place.files, re.compile(_GOOGLE.pattern + r"\.\w+", re.DOTALL)
    )


def _read_google(place: ClassFolder) -> Iterator[HandedIn]:
    """`Ada Lovelace - quiz.ipynb`, or `quiz - Ada Lovelace.ipynb`; both, where some began with a copy of Drive's."""
    most = _google_title(place) == "right"
    found: list[tuple[Any, HandedIn]] = []
    for path in place.entries:
        sides = _google_name(path.stem.rpartition(" - ")[0]), _google_name(path.stem.partition(" - ")[2])
        titled = [side in place.titles for side in sides]
        right = titled[1] if titled[0] != titled[1] else most
        first, _, last = (path.stem.partition if right else path.stem.rpartition)(" - ")
        name, title = (first, last) if right else (last, first)
        name = re.sub(r"\s*\(\d+\)$", "", name)
        if is_folder(path) or not name:
            yield _unnamed(path, "name - title")
            continue
        person = Person(key_of(name), name)
        found.append((person, HandedIn((person,), (path,), names=(f"{title}{path.suffix}",))))
    yield from _together(found)


# -- GitHub Classroom and Classroom 50: clones of repositories


def _clone_prefix(place: ClassFolder) -> str:
    """What is before the student in the names of all repositories; empty where they have nothing of the kind."""
    names = [path.name for path in place.folders]
    titles = [place.path.name.removesuffix("-submissions"), *place.titles]
    for title in sorted(titles, key=len, reverse=True):
        form = re.compile(rf"(?:.+?-)??{re.escape(folded(title))}-(?=.)", re.DOTALL)  # Classroom 50: `cs101-quiz-ada`
        begins = Counter(match[0] for name in names if (match := form.match(folded(name))))
        for prefix, number in begins.most_common(1):
            if number * 2 > len(names) and (number > 1 or prefix == f"{folded(title)}-"):
                behind = [name[len(prefix) :] for name in names if folded(name).startswith(prefix)]
                return f"{prefix}{_rest_of_title(behind)}"
    clones = [path.name for path in place.folders if (path / ".git").exists()]
    if len(clones) * 2 > len(names):
        return _shared(clones, "-")
    prefix = _shared(names, "-")
    titled = re.search(r"[^\W\d]", prefix) and (len(names) > 2 or re.search(r"\d", prefix))
    numbered = all(name.removeprefix(prefix).isdecimal() for name in names)  # `student-1`, `student-2`
    return prefix if len(names) > 1 and titled and not numbered else ""


def _rest_of_title(names: list[str]) -> str:
    """What of the beginning that all names have is still the assignment's: `1-` where `quiz` is called `quiz-1` there.

    Of one or two, and of `team-1` and `team-2`, that is only a number: both may be called `kim-...`.
    """
    shared = _shared(names, "-")
    if len(names) > 2 and not all(name.removeprefix(shared).isdecimal() for name in names):
        return shared
    return "".join(takewhile(lambda part: re.fullmatch(r"\d+[a-z]?-", part), re.findall(r"[^-]*-", shared)))


def _is_github(place: ClassFolder) -> bool:
    return _are_folders(place) and bool(_clone_prefix(place))


def _read_github(place: ClassFolder) -> Iterator[HandedIn]:
    """`quiz-ada/...`, or `cs101-quiz-ada/...`"""
    prefix = _clone_prefix(place)
    for path in place.entries:
        name = path.name if is_folder(path) else path.stem
        name = name[len(prefix) :] if folded(name).startswith(folded(prefix)) else name
        yield HandedIn((Person(key_of(name), id=name),), (path,))


# -- whatever else


def named_by(pattern: re.Pattern[str]) -> Layout:
    """What `--name` says: it is looked for in the path of each file, and finds `student`, or else its first group; and
    `id`, `email`, `person`, `group`, `time` and `late`, as far as it has groups of these names.
    """

    def read(place: ClassFolder) -> Iterator[HandedIn]:
        found: list[tuple[Any, HandedIn]] = []
        for path in files_of(HandedIn((), place.entries)):
            match = pattern.search(path.relative_to(place.path).as_posix())
            if match is None:
                continue
            parts = {name: value or "" for name, value in match.groupdict().items()}
            student = parts.get("student") or (match[1] if match.re.groups and match[1] else match[0])
            person = Person(key_of(student), parts.get("person", ""), parts.get("email", ""), parts.get("id", ""))
            time = read_time(parts.get("time"), place.zone)
            late, group = bool(parts.get("late")), parts.get("group", "")
            found.append(((person, time), HandedIn((person,), (path,), submitted=time, late=late, group=group)))
        yield from _together(found)

    return Layout("name", lambda place: True, read)


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout("gradescope", lambda place: (place.path / METADATA).is_file(), _read_gradescope, _GRADESCOPE),
        Layout("moodle", lambda place: _most(place.entries, MOODLE), _read_moodle, MOODLE),
        Layout("brightspace", lambda place: _most(place.entries, _BRIGHTSPACE), _read_brightspace, _BRIGHTSPACE),
        Layout("blackboard", lambda place: _most(place.files, _BLACKBOARD), _read_blackboard),
        Layout("canvas", _is_canvas, _read_canvas),
        Layout("google", _is_google, _read_google),
        Layout("nbgrader", _is_nbgrader, _read_nbgrader),
        Layout("github", _is_github, _read_github),
        Layout("students", _are_folders, _read_students),
        Layout("files", lambda place: True, _read_files),
    )
}
"""All layouts, by name; the first that fits is taken."""
