"""Types, statuses and categories, as GET /indicator/types and its kin answer them."""

from typing import Any

from izoologic_cdf.platform.assumptions import SHIFT, Options

Entry = dict[str, Any]

# the ids follow from the order; that of IP Address (15) is known from a client
_INDICATORS = (
    "ASN, Binary String, CIDR Block, CVE, Email Address, Email Attachment, Email Subject, "
    "File Mapping, File Path, Filename, FQDN, Fuzzy Hash, GOST Hash, Hash ION, IP Address, "
    "IPv6 Address, MAC Address, MD5, Mutex, Password, Registry Key, Service Name, SHA-1, SHA-256, "
    "SHA-384, SHA-512, String, URL, URL Path, User-agent, Username, x509 Serial, x509 Subject"
)
_NETWORK = {
    *("ASN", "CIDR Block", "Email Address", "FQDN", "IP Address", "IPv6 Address", "MAC Address"),
    *("URL", "URL Path", "User-agent", "x509 Serial", "x509 Subject"),
}
_EVENTS = (
    "Spearphish, Watering Hole, SQL Injection Attack, DoS Attack, Malware, Watchlist, "
    "Command and Control, Anonymization, Exfiltration, Host Characteristics, "
    "Compromised PKI Certificate, Login Compromise, Incident, Sighting"
)
_SIGNATURES = "Bro, Custom, OpenIOC, Snort, STIX Indicator Pattern, YARA"
GENERIC_CATEGORY = "Generic Text"
_CATEGORIES = (
    "Cuckoo, CrowdStrike Intelligence, Early Warning and Indicator Notice (EWIN), "
    "FireEye Analysis, FBI FLASH, Generic Text, Intelligence Whitepaper, iSight Report, "
    "iSight ThreatScape Intelligence Report, JSON, Malware Analysis Report, "
    "Malware Initial Findings Report (MFIR), Malware Sample, Packet Capture, "
    "Palo Alto Networks WildFire XML, PCAP, PDF, Private Industry Notification (PIN), "
    "Spearphish Attachment, STIX, ThreatAnalyzer Analysis, ThreatQ CSV File, Whitepaper, XML"
)
# name -> whether it is protected; "Active" is known to be, "Whitelisted" is assumed to be
_STATUSES = {
    "Active": "Y",
    "Expired": "N",
    "Indirect": "N",
    "Review": "N",
    "Whitelisted": "Y",
}


class Vocabulary:
    """Types by code of their kind (indicator, event, signature, attachment), and statuses."""

    def __init__(self, options: Options, stamp: str) -> None:
        self._shift = SHIFT if options.type_ids == "shifted" else 0
        stamps = {"created_at": stamp, "updated_at": stamp}
        self.types: dict[str, list[Entry]] = {
            "indicator": [
                self._entry(
                    number,
                    name,
                    **{"class": "network" if name in _NETWORK else "host"},
                    score=None,
                    wildcard_matching="Y",
                    is_parsable="Y",
                    **stamps,
                )
                for number, name in enumerate(_INDICATORS.split(", "), 1)
            ],
            "event": [],
            "signature": self._plain(_SIGNATURES, stamps),
            "attachment": self._plain(_CATEGORIES, stamps),
        }
        for name in _EVENTS.split(", "):
            self.add_event_type(name, stamp, user_editable="N")
        self.statuses: list[Entry] = [
            self._entry(
                number,
                name,
                description=None,
                visible="Y",
                include_in_export="Y",
                protected=protected,
                user_editable="N",
            )
            for number, (name, protected) in enumerate(_STATUSES.items(), 1)
        ]

    def add_event_type(self, name: str, stamp: str, *, user_editable: str = "Y") -> Entry:
        """Add a type of event and return it."""
        stamps = {"created_at": stamp, "updated_at": stamp}
        number = len(self.types["event"]) + 1
        entry = self._entry(number, name, user_editable=user_editable, **stamps)
        self.types["event"].append(entry)
        return entry

    def type(self, code: str, *, name: str | None = None, number: Any = None) -> Entry | None:
        """Return a type by its name or id, else None."""
        return _found(self.types.get(code, []), name, number)

    def status(self, *, name: str | None = None, number: Any = None) -> Entry | None:
        """Return a status by its name or id, else None."""
        return _found(self.statuses, name, number)

    def _entry(self, number: int, name: str, **more: Any) -> Entry:
        return {"id": number + self._shift, "name": name, **more}

    def _plain(self, names: str, stamps: dict[str, str]) -> list[Entry]:
        return [self._entry(i, name, **stamps) for i, name in enumerate(names.split(", "), 1)]


def _found(entries: list[Entry], name: str | None, number: Any) -> Entry | None:
    for entry in entries:
        if entry["id"] == number or (name is not None and entry["name"] == name):
            return entry
    return None
