"""The records of the API, with the fields that each can have; the linter follows them.

A field stands here in lower case, whether the feeds map it or not. What is not here is kept all the
same, but a definition that reads it has a finding: a new field of the API is one line here.
"""

from typing import Any, Generic, TypedDict, TypeVar, cast

from .names import fold, rows

__all__ = ["communication", "files", "incident", "leak"]

Parent = TypeVar("Parent")


class Incident(TypedDict, total=False):
    """The details of an incident case."""

    addeddate: Any
    brand: Any
    casedescription: Any
    casefiles: Any
    caseid: Any
    casetype: Any
    clientref: Any
    description: Any
    detectedby: Any
    detectiondate: Any
    executivename: Any
    impact: Any
    incidentstatuslogs: Any
    incidenttype: Any
    ipaddress: Any
    mobileappname: Any
    mobileappsignature: Any
    mobileappstatus: Any
    mobileappversion: Any
    mxrecord: Any
    nameserver: Any
    progressstage: Any
    recommendation: Any
    registrarname: Any
    statuscode: Any
    statusdescription: Any
    subincidenttype: Any
    threattype: Any
    uptime: Any
    url: Any
    webhost: Any
    webhostcountry: Any


class File(TypedDict, total=False):
    """A file of an incident case."""

    dateuploaded: Any
    filetoken: Any
    iscasescreenshot: Any
    originalfilename: Any


class Communication(TypedDict, total=False):
    """A message of an incident case."""

    brand: Any
    caseid: Any
    createdon: Any
    message: Any
    postedby: Any
    subject: Any


class Leak(TypedDict, total=False):
    """The details of a DLR case."""

    addeddate: Any
    affectedproperty: Any
    affectedpropertybase: Any
    affectedpropertybasedate: Any
    affectedpropertybinnumber: Any
    brand: Any
    brandcode: Any
    caseid: Any
    datalossrecoverydetail: Any
    datalossrecoveryprimarydetail: Any
    datatype: Any
    description: Any
    detectedon: Any
    estimatedcost: Any
    estimatedcryocurrencytransactionrate: Any
    estimatedcryptocurrencytransactionrate: Any
    fileorbreachname: Any
    impact: Any
    incidenttype: Any
    originalurl: Any
    recommendation: Any
    seller: Any
    severity: Any
    status: Any
    subtype: Any
    threatactoractivities: Any
    threatactordetail: Any
    threatactorname: Any
    threatactortype: Any
    totalcorporateaccounts: Any
    totalexecutiveaccounts: Any
    totalpublicaccounts: Any
    totalrecords: Any
    trackingid: Any


class Row(TypedDict, Generic[Parent], total=False):
    """A row of a DLR case, with the case."""

    Parent: Parent
    address: Any
    application: Any
    carddetail: Any
    cardclassification: Any
    cardexpiry: Any
    cardlevel: Any
    cardnumber: Any
    cardtype: Any
    city: Any
    corporateorpublicaccount: Any
    country: Any
    cvv: Any
    dob: Any
    email: Any
    firstname: Any
    ipaddress: Any
    isexecutiveaccount: Any
    password: Any
    phone: Any
    posteddate: Any
    recoveredproperty: Any
    recoveryremark: Any
    ssn: Any
    state: Any
    track1: Any
    track2: Any
    useragent: Any
    username: Any
    websiteorserver: Any
    zip: Any


def incident(value: Any) -> Incident:
    """Return the details of an incident case, folded."""
    return cast("Incident", fold(value))


def files(value: Any) -> list[File]:
    """Return the files of an incident case, folded."""
    return cast("list[File]", rows(value))


def communication(value: Any) -> Communication:
    """Return a message of an incident case, folded."""
    return cast("Communication", fold(value))


def leak(value: Any) -> Leak:
    """Return the details of a DLR case, folded."""
    return cast("Leak", fold(value))
