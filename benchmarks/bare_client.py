"""A bare asyncio client on aiohttp: the fastest that Python offers, and so the limit.

`python -m benchmarks.bare_client FOLDER SINCE UNTIL IN_FLIGHT` makes the calls of an incident
run, reads each body and does nothing with it.
"""

import asyncio
import json
import os
import sys
from typing import Any

import aiohttp

DAY = 86_400
JSON_HEADERS = {"Content-Type": "application/json"}
SINCE, UNTIL, IN_FLIGHT = map(int, sys.argv[2:5])
PATH = os.environ["IZOOLOGIC_API_HOST"] + "/api/ThreatManagement"
LOGIN = os.environ["IZOOLOGIC_API_HOST"] + "/api/Token/Authenticate"
NAMES = {"apikey": "IZOOLOGIC_API_KEY", "secretkey": "IZOOLOGIC_API_SECRET"}
KEYS = {key: os.environ[name] for key, name in NAMES.items()}


async def main() -> None:
    """Make the calls, with so many cases in flight."""
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def post(url: str, body: Any, headers: dict[str, str]) -> bytes:
            data = json.dumps(body).encode()
            async with session.post(url, data=data, headers=JSON_HEADERS | headers) as answer:
                return await answer.read()

        async def get(action: str, params: dict[str, str]) -> bytes:
            url = f"{PATH}/{action}"
            async with session.get(url, params=params, headers=bearer) as answer:
                return await answer.read()

        token = json.loads(await post(LOGIN, KEYS, {}))["result"]["accessToken"]
        bearer = {"Authorization": f"Bearer {token}"}
        listed = await post(f"{PATH}/CaseSync", {"lastsyncntime": str(SINCE)}, bearer)
        cases = iter(dict.fromkeys(row["caseId"] for row in json.loads(listed)["result"]))
        # from midnight, as a run requests messages
        bounds = {"fromdate": str(SINCE - SINCE % DAY), "todate": str(UNTIL)}

        async def worker() -> None:
            for case_id in cases:
                await get("CaseDetail", {"caseid": case_id})
                await get("FetchCaseCommunications", {"caseid": case_id, **bounds})

        await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))


if __name__ == "__main__":
    asyncio.run(main())
