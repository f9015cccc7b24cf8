"""What a client of the official SDK sees of the tools of `server` through the guard."""

from __future__ import annotations

from typing import Any

from mcp.client import Client

from tests.mcp.server import CARD, PHONE


def text(result: Any) -> str:
    return "\n".join(part.text for part in result.content)


async def names(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def goes_as_the_policy_says(client: Client) -> None:
    """Lists, arguments, results, resources and prompts under the base policy."""
    assert await names(client) == {"add", "echo", "page", "customer", "send", "ask"}  # no `weather`
    assert (await client.call_tool("weather", {"city": "Berlin"})).is_error
    assert (await client.call_tool("add", {"a": 1, "b": 2})).structured_content == {"result": 3}

    sent = text(await client.call_tool("echo", {"text": f"my card is {CARD}"}))
    assert CARD not in sent
    assert "my card is" in sent

    stopped = await client.call_tool("page", {"name": "poisoned"})
    assert stopped.is_error
    assert "evil.example" not in str(stopped)
    assert text(await client.call_tool("page", {"name": "fine"})) == "Opening hours 9-17."

    resource = (await client.read_resource("notes://today")).contents[0]
    assert PHONE not in str(resource)
    prompt = await client.get_prompt("greet", {"name": "Li"})
    assert prompt.messages[0].content.text == "Say hello to Li."  # type: ignore[union-attr]


async def a_masked_value_goes_back_to_the_server(client: Client) -> str:
    """What stands in place of the phone number that the server returned."""
    customer = await client.call_tool("customer", {"number": 7})
    assert PHONE not in str(customer)
    placeholder: str = customer.structured_content["phone"]  # type: ignore[index]
    assert not (await client.call_tool("send", {"to": placeholder, "text": "hi"})).is_error
    return placeholder
