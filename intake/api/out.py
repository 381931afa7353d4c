"""What everything that the API gives is made of."""

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    """Something that goes out; fields that are not set are null, never missing."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
