/* Calls our callback with what gSOAP generates from its WSDL: call_callback ADDRESS REPORT UNKNOWN IDENTIFY VERSION.
 * REPORT and UNKNOWN are files with the inner document. Prints one JSON object for each call. Compiled with -DDOCUMENT for that style. */
#include "CallbackBinding.nsmap"
#include "soapH.h"
#include <stdio.h>
#include <stdlib.h>

static const char *address, *action = "setDataXmlToFocus";
static int version;

static char *whole(const char *path) {
  static char text[1 << 16];
  FILE *file = fopen(path, "rb");
  if (!file) { perror(path); exit(1); }
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  return text;
}

static void quoted(const char *text) {
  putchar('"');
  for (; text && *text; text++) {
    if (*text == '"' || *text == '\\') putchar('\\');
    if ((unsigned char)*text >= 0x20) putchar(*text);
  }
  putchar('"');
}

static struct soap *opened(void) {
  struct soap *soap = soap_new1(SOAP_C_UTFSTRING | SOAP_XML_STRICT);
  soap_set_version(soap, (short)version);
  soap->connect_timeout = soap->send_timeout = soap->recv_timeout = 20;
  return soap;
}

static void closed(struct soap *soap) {
  printf("}\n");
  soap_destroy(soap);
  soap_end(soap);
  soap_free(soap);
}

static void failed(struct soap *soap) {
  soap_set_fault(soap);
  printf(", \"fault\": ");
  quoted(*soap_faultcode(soap));
  printf(", \"reason\": ");
  quoted(*soap_faultstring(soap));
}

static void call(const char *name, const char *file, const char *identify) {
  struct soap *soap = opened();
  printf("{\"call\": \"%s\"", name);
#ifdef DOCUMENT
  struct _cb1__setDataXmlToFocus request = {"006988574", whole(file), "EX_GDBS_WSYSL", (char *)identify};
  struct _cb1__setDataXmlToFocusResponse response;
  int outcome = soap_call___cb1__setDataXmlToFocus(soap, address, action, &request, &response);
#else
  struct cb1__setDataXmlToFocusResponse response;
  int outcome = soap_call_cb1__setDataXmlToFocus(soap, address, action, "006988574", whole(file), "EX_GDBS_WSYSL", (char *)identify, &response);
#endif
  if (outcome == SOAP_OK && response.setDataXmlToFocusReturn) {
    printf(", \"code\": ");
    quoted(response.setDataXmlToFocusReturn->code);
    printf(", \"desc\": ");
    quoted(response.setDataXmlToFocusReturn->desc);
    printf(", \"reasons\": [");
    for (int i = 0; response.setDataXmlToFocusReturn->reasonList && i < response.setDataXmlToFocusReturn->reasonList->__sizereason; i++) {
      if (i) printf(", ");
      quoted(response.setDataXmlToFocusReturn->reasonList->reason[i]);
    }
    printf("]");
  } else {
    failed(soap);
  }
  closed(soap);
}

int main(int count, char **arguments) {
  if (count != 6) return 2;
  address = arguments[1];
  version = arguments[5][2] == '2' ? 2 : 1;
  char wrong[256];
  snprintf(wrong, sizeof wrong, "%sx", arguments[4]);
  call("wrong", arguments[2], wrong);
  call("right", arguments[2], arguments[4]);
  call("again", arguments[2], arguments[4]);
  call("unknown", arguments[3], arguments[4]);
  struct soap *soap = opened();
  struct cb1__noSuchOperationResponse none;
  printf("{\"call\": \"fault\"");
  if (soap_call_cb1__noSuchOperation(soap, address, "noSuchOperation", "x", &none) != SOAP_OK) failed(soap);
  closed(soap);
  return 0;
}
