"""What the Directory API answers, as far as it is read here.

https://developers.google.com/workspace/admin/directory/reference/rest/v1
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """An entry of a list.

    Attributes:
        MASK: The fields that are asked for.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    MASK: ClassVar[str]


class _Name(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    full: str = Field(default="", alias="fullName")


class User(Entry):
    """A person; a deleted one is not listed.

    Attributes:
        suspended: Told of everybody by the view for administrators; without it, nobody is known not to be suspended.
    """

    MASK: ClassVar[str] = "id,primaryEmail,name/fullName,suspended,archived,customerId"

    id: Annotated[str, Field(min_length=1)]
    email: str = Field(default="", alias="primaryEmail")
    name: _Name = _Name()
    suspended: bool
    archived: bool = False
    customer: str = Field(default="", alias="customerId")


class Group(Entry):
    """A group.

    Attributes:
        direct_members: How many there should be. Google documents that these are users, not whether groups count too.
    """

    MASK: ClassVar[str] = "id,email,directMembersCount"

    id: Annotated[str, Field(min_length=1)]
    email: str = ""
    direct_members: Annotated[int, Field(strict=False)] | None = Field(default=None, alias="directMembersCount")


class Member(Entry):
    """A member: a user or a group, of the directory or not, or everybody in the directory (type `CUSTOMER`).

    One that is not of the directory may have no id.
    """

    MASK: ClassVar[str] = "id,email,type"

    id: str = ""
    email: str = ""
    type: str = ""
