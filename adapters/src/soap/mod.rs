//! SOAP 1.1 and 1.2 envelopes and the WSDL of a callback.
