"""The others, each doing the same job; they map by name alone: field of a detail -> attribute."""

NAMES = {
    "url": "URL", "description": "Description", "brand": "Brand", "clientRef": "Client Ref",
    "caseDescription": "Case Type", "statusDescription": "Status",
    "incidentType": "Incident Type", "subIncidentType": "SubIncident Type",
    "threatType": "Threat Type", "impact": "Impact", "recommendation": "Recommendation",
    "mxRecord": "MX Record", "detectedBy": "Detected By", "upTime": "Up Time",
    "progressStage": "Progress Stage", "executiveName": "Executive Name",
    "mobileAppName": "Mobile App Name", "mobileAppVersion": "Mobile App Version",
    "mobileAppStatus": "Mobile App Status", "mobileAppSignature": "Mobile App Signature",
    "ipAddress": "IP Address", "webhost": "Web Host", "webhostCountry": "Web Host Country",
    "registrarName": "Registrar Name", "nameServer": "Name Server",
}  # fmt: skip
