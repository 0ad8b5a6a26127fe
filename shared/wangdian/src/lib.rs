//! 旺店通·企业版 (WDT): the direct open API and the Qimen route behind one client.
