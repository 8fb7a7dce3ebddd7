"""The route of the chat bubble that any web page can add: a script, rag/assets/widget.js. Knows no article."""

from importlib.resources import files

from fastapi import APIRouter, Response

WIDGET = "/widget.js"
_KEPT_S = 3600


def widget_router() -> APIRouter:
    """Return the route `/widget.js`, to be put where `/ask` is: that is what the script asks."""
    router = APIRouter(tags=["widget"])
    script = files("rag").joinpath("assets", "widget.js").read_bytes()

    @router.get(
        WIDGET,
        summary="The script of the chat bubble",
        response_class=Response,
        responses={200: {"content": {"text/javascript": {"schema": {"type": "string"}}}}},
    )
    async def widget() -> Response:
        headers = {"cache-control": f"public, max-age={_KEPT_S}"}
        return Response(script, media_type="text/javascript", headers=headers)

    return router
