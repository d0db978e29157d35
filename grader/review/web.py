"""The review page as a web application: a queue, a sheet for each student's exercise, and what keeps what is said."""

from __future__ import annotations

from importlib.resources import files

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.batch.gradebook import Outrun, Row
from grader.errors import SurroundingsFault
from grader.models.message import say
from grader.models.wording import Language
from grader.review.desk import Desk, Saying, Unfit
from grader.review.guard import Guard, page_token
from grader.review.sheet import Sheets, exercise_of, path_of

NOBODY = say("There is no such submission.")
MAX_SAVED = 200_000
"""Bytes of what a page sends."""


def make_app(desk: Desk, language: Language, token: str, port: int) -> Guard:
    """The application.

    Args:
        token: whoever has it may use the pages.
        port: on which it is served, to this machine.
    """
    pages = Sheets(desk, language, page_token(token))
    script = files("grader.report").joinpath("templates/review/review.js").read_text(encoding="utf-8")

    def asked(request: Request) -> tuple[dict[str, Row], str, str] | None:
        """The class, the student's code and the exercise; None where there is no such one."""
        code, exercise, rows = request.path_params["code"], exercise_of(request.path_params["exercise"]), desk.rows()
        return (rows, code, exercise) if code in rows and (not exercise or desk.exercise(exercise)) else None

    def queue(request: Request) -> Response:
        return HTMLResponse(pages.queue(desk.rows()))

    def sheet(request: Request) -> Response:
        found = asked(request)
        return HTMLResponse(pages.sheet(*found)) if found else HTMLResponse(language(NOBODY), 404)

    def next_open(request: Request) -> Response:
        exercise, rows = exercise_of(request.path_params["exercise"]), desk.rows()
        code = desk.next_of(rows, exercise, request.query_params.get("after"))
        return RedirectResponse(f"/s/{code}/{path_of(exercise)}" if code else "/", 303)

    async def save(request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_SAVED:
                return _refused(language(say("That is too long.")), 413)
        try:
            saying = Saying.model_validate_json(body)
        except ValidationError as error:
            return _refused(f"{error.errors()[0]['loc']}: {error.errors()[0]['msg']}", 422)
        return await run_in_threadpool(_kept, request, saying)

    def _kept(request: Request, saying: Saying) -> Response:
        try:
            found = asked(request)
            if found is None:
                return _refused(language(NOBODY), 404)
            rows, code, exercise = found
            judgement = desk.save(rows, code, exercise, saying)
            return JSONResponse(pages.kept(desk.rows(), code, exercise, judgement))
        except Unfit as unfit:
            return _refused(language(unfit.said), 410 if unfit.stale else 422)
        except Outrun as outrun:
            return JSONResponse({"last": pages.told(outrun.last)}, 409)
        except SurroundingsFault as fault:
            return _refused(fault.message, 503)

    def asset(request: Request) -> Response:
        return Response(script, media_type="text/javascript")

    routes = [
        Route("/", queue),
        Route("/review.js", asset),
        Route("/next/{exercise}", next_open),
        Route("/s/{code}/{exercise}", sheet),
        Route("/s/{code}/{exercise}", save, methods=["POST"]),
    ]
    return Guard(Starlette(routes=routes), token, port)


def _refused(said: str, status: int) -> Response:
    return JSONResponse({"said": said}, status)
