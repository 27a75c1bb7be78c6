"""Which requests go past the framework, which do not, and how large those may be."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from services.bootstrap.shortcut import short_cut
from services.door.bodies import WHOLE, Bodies, limit_bodies
from services.door.bounds import Bounds


async def hook(scope, receive, send):
    request = Request(scope, receive)
    said = f"hook {request.path_params['source']} {(await request.body()).decode()}"
    await PlainTextResponse(said, 202)(scope, receive, send)


async def rest(request):
    return PlainTextResponse("rest")


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/v1/hooks/web", "hook web a=1"),
        ("POST", "/v1/hooks/no%20such", "hook no such a=1"),
        ("GET", "/v1/hooks/web", "rest"),
        ("POST", "/v1/hooks/", "rest"),
        ("POST", "/v1/hooks/web/more", "rest"),
        ("POST", "/v1/other", "rest"),
    ],
)
async def test_only_a_delivery_to_one_source_takes_the_short_way(method, path, said):
    framework = Starlette(routes=[Route("/{any:path}", rest, methods=["GET", "POST"])])
    transport = httpx.ASGITransport(short_cut(hook, framework))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.request(method, path, content=b"a=1" if method == "POST" else None)
    assert answer.text == said


async def echo(request):
    return PlainTextResponse(str(len(await request.body())))


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 413)])
async def test_a_body_over_the_bound_is_refused_whatever_its_length_header_says(size, status):
    async def parts():
        for _ in range(size):
            yield b"x"

    app = limit_bodies(Starlette(routes=[Route("/", echo, methods=["POST"])]), Bodies(Bounds()), 10)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post("/", content=parts())
    assert answer.status_code == status


@pytest.mark.parametrize(("said", "limit", "status"), [(10, 10, 200), (11, 10, 413), (65, None, 503), (64, None, 200)])
async def test_a_body_that_came_with_its_head_is_bounded_as_any_other(said, limit, status):
    """`said` is what our server says under WHOLE; of a body beyond `small` the sum counts."""
    app = limit_bodies(
        Starlette(routes=[Route("/", echo, methods=["POST"])]), Bodies(Bounds(small=64, bodies=0)), limit
    )

    async def told_size(scope, receive, send):
        await app({**scope, WHOLE: said}, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(told_size), base_url="http://test") as client:
        answer = await client.post("/", content=b"x" * said)
    assert answer.status_code == status
