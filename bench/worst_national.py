"""Units of worst texts for national identifiers, for `worst.py`: beside a label of theirs numbers
that just miss, the same one over and over or each time another (`{…}`).

Those without a check digit stand in the clause behind their label, where it says nothing of them.
"""

from __future__ import annotations

_SAME = (
    *("NIE X1234567A ", "NIE X-1.234.567-A ", "NIF 12345678A ", "DNI 12.345.678-A "),
    *("hetu 131052-308A ", "hetu 311152-308T ", "cf; RSSMRA85T10A562T "),
    *("cf; RSS MRA 85T10 A562T ", "nric S1234567A ", "nric S 1234567 A ", "nric A1234567A "),
    *("fev; AB123456789 ", "aok A123456789 ", "npa C01X00T470 ", "drv 15070649C104 "),
    *("vat; DE123456789 ", "gst 27AAAAAAAAAAAZV ", "pan abcde-fghi ", "pan abcdefghij "),
    *("pan 1234567890 ", "epic; ABC1234567 ", "patente; AB1234567C ", "DEA AB1234567 "),
    *("uen 12345678A ", "uen 201234567A ", "uen T08LL1234A ", "plaka; 34ABC12 "),
    *("reg AB30 CDE ", "mot; A123BCD ", "mbi; 1EG4TE5MK73 ", "natis; AB12CDGP "),
    *("rrn; 901010-1234567 ", "frn; 901010-5234567 ", "brn 123-45-67890 ", "sin 123-456-789 "),
    *("idnr 12345678901 ", "ssn 900101-1234 ", "ssn 19900101-1234 ", "tin; 900-70-1234 "),
    *("npi 1234567890 ", "npi 1234-567-890 ", "nin 12345678901 ", "crn; 1234-1234567-1 "),
    *("orgnr 212000-0000 ", "piva 12345678901 ", "pi 1 2 3 4 5 6 7 8 9 0 1 "),
    *("abn 51824753557 ", "acn 123 456 789 ", "tfn 123456781 ", "aadhar 3675 9834 6017 "),
    *("pesel 44051401358 ", "thai 3520100847162 ", "tckn 10000000147 ", "za id 8001015009088 "),
)
_OTHER = (
    *("NIE X7{n}A ", "NIE X-7.{n}-A ", "NIF 77{n}A ", "DNI 7.{m:.3}.1{m:.2}-A ", "hetu {n}-308A "),
    *("cf; {word}85T10A562T ", "cf; RSSMRA85T10A5{m:.2}T ", "cf; RSS MRA 85T10 {word:.5} "),
    *("nric S7{n}A ", "nric T 7{n} A ", "fev; AB77{n}9 ", "aok A777{n} ", "npa C7{n}7 "),
    *("drv {n}49C104 ", "vat; DE777{n} ", "gst 27{m}A{word:.4}A1ZV ", "gst 27A{m}AAAAAA2Z1 "),
    *("pan {word}-abc ", "pan {word}{word:.4} ", "epic; ABC7{n} ", "epic; {word:.3}1234567 "),
    *("patente; AB7{n}C ", "DEA AB7{n} ", "uen 77{n}A ", "uen T08LL{m}A ", "uen 201{n}A "),
    *("plaka; 34 {word:.3} 12 ", "reg AB30 {word:.3} ", "mot; A123{word:.3} "),
    *("mbi; 1{word:.1}G4TE5MK73 ", "natis; {word:.3}{m:.3}GP ", "brn 777{n}1 ", "sin 777{n} "),
    *("idnr 77712{n} ", "ssn {n}-1234 ", "npi 1777{n} ", "nin 77777{n} ", "orgnr 7777{n} "),
    *("piva 77777{n} ", "abn 77777{n} ", "acn 777{n} ", "aadhar 777777{n} ", "pesel 44051{n} "),
    *("thai 3520177{n} ", "tckn 77777{n} ", "za id 800101{n}8 ", "tfn 777{n} "),
    *("medicare; 2777{n} ", "rrn; 901010-1{n} ", "tin; 90070{m} ", "crn; 777777{n} "),
    "epic ok; {word} ABC7{n} {word} ABC8{n} ",
)
NATIONAL = (*_SAME, *_OTHER, "".join(_SAME), "".join(_OTHER))
