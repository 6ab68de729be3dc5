// Appended to what wsdl2h makes of our WSDL: an operation that the callback does not have, to meet its fault.
struct cb1__noSuchOperationResponse { char *answer; };
int cb1__noSuchOperation(char *question, struct cb1__noSuchOperationResponse *response);
