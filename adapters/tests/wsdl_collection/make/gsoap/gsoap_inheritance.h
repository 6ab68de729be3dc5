//gsoap ns service name: PartyService
//gsoap ns service documentation: classes that extend one another
//gsoap ns service style: document
//gsoap ns service encoding: literal
//gsoap ns service namespace: urn:gov:party
//gsoap ns service location: http://127.0.0.1:8080/PartyService
//gsoap ns schema namespace: urn:gov:party
#import "stl.h"
//gsoap ns schema form: unqualified
class ns__Party { public: std::string name 1; std::string *phone 0; };
class ns__Person : public ns__Party { public: std::string idNumber 1; };
class ns__Firm : public ns__Party { public: std::string uscc 1; ns__Person *legalRepresentative 0; std::vector<ns__Party*> partners 0; };
class ns__PartyList { public: std::vector<ns__Party*> party 0; };
int ns__register(ns__Party *party, std::string &number);
int ns__list(std::string region, ns__PartyList &out);
